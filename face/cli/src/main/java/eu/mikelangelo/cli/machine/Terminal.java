package eu.mikelangelo.cli.machine;

import eu.mikelangelo.cli.WindowSize;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** The terminal on standard input, by way of stty(1): raw while a machine has it, as it was afterwards. */
public final class Terminal implements AutoCloseable {
    private final String before;

    private Terminal(String before) {
        this.before = before;
        Runtime.getRuntime().addShutdownHook(new Thread(this::restore));
    }

    /** Makes it raw: keys go through one by one, Ctrl-C included. */
    static Terminal raw() throws IOException {
        Terminal terminal = new Terminal(stty("-g").strip());
        stty("raw", "-echo", "opost", "onlcr");  // a guest's console sends NL as it is: the log shall hold no CR
        return terminal;
    }

    static WindowSize size() {
        return WindowSize.of(0);
    }

    private static String stty(String... words) throws IOException {
        String[] command = new String[words.length + 1];
        command[0] = "stty";
        System.arraycopy(words, 0, command, 1, words.length);
        Process process = new ProcessBuilder(command).redirectInput(ProcessBuilder.Redirect.INHERIT)
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        try {
            if (process.waitFor() != 0) {
                throw new IOException("stty " + String.join(" ", words) + " failed: is this a terminal?");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        return output;
    }

    @Override
    public void close() {
        restore();
    }

    /** Also for whoever leaves by another door than the end of the block. */
    void restore() {
        try {
            stty(before);
        } catch (IOException e) {
            System.err.println("mike: cannot restore the terminal; try: reset");
        }
    }
}
