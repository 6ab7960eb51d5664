package eu.mikelangelo.machines.guest;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Turns the status lines of a guest into events, whatever the pieces in which they come. Lines that are unknown, too
 * long or malformed are skipped: a later init may say more, a hostile one anything.
 *
 * <p>Not thread-safe: one owner at a time.
 */
public final class StatusReader {
    /** A longer line is skipped as a whole. */
    public static final int MAX_LINE_BYTES = 1024;
    /** Lines after this many are ignored; init says fewer than 4 KiB. */
    public static final int MAX_LINES = 1024;
    /** A status.log larger than this is read to here; init writes at most 4 KiB a boot. */
    static final int MAX_LOG_BYTES = 1 << 20;

    private final Consumer<? super GuestEvent> sink;
    private final byte[] line = new byte[MAX_LINE_BYTES];
    private int length;
    private int lines;
    private boolean tooLong;

    /** @param sink called from {@link #feed} in the order of the lines */
    public StatusReader(Consumer<? super GuestEvent> sink) {
        this.sink = sink;
    }

    /** Takes the next bytes of the stream. */
    public void feed(byte[] bytes, int offset, int count) {
        for (int i = offset; i < offset + count && lines < MAX_LINES; i++) {
            if (bytes[i] == '\n') {
                endOfLine();
            } else if (length == MAX_LINE_BYTES) {
                tooLong = true;
            } else {
                line[length++] = bytes[i];
            }
        }
    }

    private void endOfLine() {
        GuestEvent event = tooLong ? null : parse(new String(line, 0, length, StandardCharsets.UTF_8));
        lines++;
        length = 0;
        tooLong = false;
        if (event != null) {
            sink.accept(event);
        }
    }

    /**
     * The events of the last boot in a machine's status.log; empty when the file does not exist.
     *
     * @throws IOException when the file exists and cannot be read
     */
    public static List<GuestEvent> readLog(Path log) throws IOException {
        List<GuestEvent> events = new ArrayList<>();
        try (InputStream in = Files.newInputStream(log)) {
            byte[] bytes = in.readNBytes(MAX_LOG_BYTES);
            new StatusReader(event -> {
                if (event instanceof GuestEvent.Boot) {
                    events.clear();
                }
                events.add(event);
            }).feed(bytes, 0, bytes.length);
        } catch (NoSuchFileException e) {
            return List.of();
        }
        return List.copyOf(events);
    }

    /** The event of one line without its newline, or null when the line says nothing to this version. */
    public static GuestEvent parse(String text) {
        int blank = text.indexOf(' ');
        String key = blank < 0 ? text : text.substring(0, blank);
        String rest = blank < 0 ? "" : text.substring(blank + 1);
        return switch (key) {
            case "mike" -> number(rest, 1, Integer.MAX_VALUE) < 0 ? null
                    : new GuestEvent.Boot(number(rest, 1, Integer.MAX_VALUE));
            case "net" -> net(rest);
            case "started" -> number(rest, 1, Integer.MAX_VALUE) < 0 ? null
                    : new GuestEvent.Started(number(rest, 1, Integer.MAX_VALUE));
            case "listening", "listening-local" -> listening(rest, key.equals("listening"));
            case "ready" -> rest.isEmpty() ? new GuestEvent.Ready() : null;
            case "failed" -> rest.isEmpty() ? null : new GuestEvent.Failed(printable(rest));
            case "exit" -> exit(rest);
            default -> null;
        };
    }

    private static GuestEvent net(String rest) {
        if (rest.startsWith("none ") && rest.length() > 5) {
            return new GuestEvent.NetNone(printable(rest.substring(5)));
        }
        String[] parts = rest.split("\\.", -1);
        boolean valid = parts.length == 4;
        for (int i = 0; valid && i < 4; i++) {
            valid = number(parts[i], 0, 255) >= 0;
        }
        return valid ? new GuestEvent.Net(rest) : null;
    }

    private static GuestEvent listening(String rest, boolean everywhere) {
        String protocol = rest.startsWith("tcp ") ? "tcp" : rest.startsWith("udp ") ? "udp" : null;
        int port = protocol == null ? -1 : number(rest.substring(4), 1, 65535);
        if (port < 0) {
            return null;
        }
        return everywhere ? new GuestEvent.Listening(protocol, port) : new GuestEvent.ListeningLocal(protocol, port);
    }

    private static GuestEvent exit(String rest) {
        boolean signalled = rest.startsWith("signal ");
        int value = signalled ? number(rest.substring(7), 1, 64) : number(rest, 0, 255);
        if (value < 0) {
            return null;
        }
        return signalled ? new GuestEvent.Exited(128 + value, value) : new GuestEvent.Exited(value, 0);
    }

    /** A plain decimal number within the bounds, or -1. */
    private static int number(String text, int least, int most) {
        if (text.isEmpty() || text.length() > 10) {
            return -1;
        }
        long value = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value < least || value > most ? -1 : (int) value;
    }

    /** What a guest says may reach a terminal: no control characters. */
    static String printable(String text) {
        StringBuilder clean = new StringBuilder(text.length());
        text.codePoints().forEach(c -> clean.appendCodePoint(Character.isISOControl(c) ? '?' : c));
        return clean.toString();
    }
}
