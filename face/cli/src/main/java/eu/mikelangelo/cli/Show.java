package eu.mikelangelo.cli;

import eu.mikelangelo.agent.api.Fields;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Parts of machines and images as people read them; shared by several commands. */
public final class Show {
    private Show() { }

    /** "8080:80, 53/udp", as it would be typed after -p; "-" for none. */
    public static String ports(Fields machine) {
        List<String> texts = new ArrayList<>();
        for (Fields port : machine.objects("ports")) {
            String address = port.string("address", "");
            long host = port.integer("host", 0);
            long guest = port.integer("guest", 0);
            texts.add((address.equals("127.0.0.1") ? "" : address + ":") + host + (guest == host ? "" : ":" + guest)
                    + (port.string("protocol", "tcp").equals("udp") ? "/udp" : ""));
        }
        return texts.isEmpty() ? "-" : String.join(", ", texts);
    }

    /** How to reach a port: "tcp 127.0.0.1:8080 -> 80". An IPv6 address stands in brackets. */
    private static String reach(Fields port) {
        String address = port.string("address", "");
        return port.string("protocol", "tcp") + " " + (address.contains(":") ? "[" + address + "]" : address) + ":"
                + port.integer("host", 0) + " -> " + port.integer("guest", 0);
    }

    /**
     * Tells people that a machine serves, and where: on a terminal always, elsewhere when it took more than the second
     * that nothing is said of.
     */
    public static void ready(Context context, Fields machine, long tookNs) {
        if (!context.tty().err() && tookNs < 1_000_000_000L) {
            return;
        }
        List<String> ports = new ArrayList<>();
        machine.objects("ports").forEach(port -> ports.add(reach(port)));
        context.say(machine.string("name", "") + ": " + (ports.isEmpty() ? "" : String.join(", ", ports) + ", ")
                + String.format(Locale.ROOT, "%s in %.1f s", ports.isEmpty() ? "started" : "ready", tookNs / 1e9)
                + (ports.isEmpty() ? "; no port is published (-p)" : ""));
    }

    /** "running", "exited (3)", "exited (signal 9)". */
    public static String state(Fields machine) {
        String state = machine.string("state", "");
        Fields exit = machine.object("exit");
        if (exit.has("signal")) {
            return state + " (signal " + exit.integer("signal", 0) + ")";
        }
        return exit.has("code") ? state + " (" + exit.integer("code", 0) + ")" : state;
    }

    /** The first twelve digits of a digest. */
    public static String digest(String sha256) {
        return sha256.length() > 12 ? sha256.substring(0, 12) : sha256;
    }
}
