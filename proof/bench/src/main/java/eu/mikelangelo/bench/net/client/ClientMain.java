package eu.mikelangelo.bench.net.client;

import eu.mikelangelo.vhost.frontend.FrontEnd;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Holds both ports of a switch: {@code ClientMain segments|hops connect|listen SOCKET SOCKET}. Says {@code ready}; for
 * each line {@code run SECONDS} on its standard input it sends for so long, waits for what is under way, and answers
 * {@code done NAME=VALUE …}. Ends with its input; a frame that is not as it was sent ends it with 1 and the reason.
 */
public final class ClientMain {
    private ClientMain() {}

    /** One thread does it all. */
    public static void main(String[] args) throws IOException {
        if (args.length != 4) {
            throw new IllegalArgumentException("not what to send, how to meet and two sockets");
        }
        Card.Meeting meeting = args[1].equals("listen") ? FrontEnd::listen : FrontEnd::connect;
        try (Traffic traffic = args[0].equals("hops") ? new Hops(meeting, args[2], args[3])
                : new Segments(meeting, args[2], args[3])) {
            System.out.println("ready");
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] words = line.split(" ");
                if (words.length != 2 || !words[0].equals("run")) {
                    throw new IllegalArgumentException("not \"run SECONDS\": " + line);
                }
                long ns = Math.round(Double.parseDouble(words[1]) * 1e9);
                System.out.println("done " + traffic.run(ns));
            }
        } catch (IllegalStateException failed) {
            System.out.println("failed: " + failed.getMessage());
            System.exit(1);
        }
    }

    /** A name and its value for an answer. */
    static String value(String name, double value) {
        return String.format(Locale.ROOT, " %s=%.9g", name, value);
    }
}
