package eu.mikelangelo.load;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * One connection: requests on their way out, those not answered yet, and the answers as far as they have come. Keys
 * have a fixed width, and a value repeats its key, so that answers are checked without remembering anything.
 */
final class Connection {
    /** "key-" and nine digits. */
    static final int KEY_BYTES = 13;
    /** Room for a request without its value, and for the head of an answer. */
    private static final int HEAD = 80;
    private static final int SET = 1 << 31;
    private static final int BUFFER = 64 * 1024;

    private static final byte[] ANSWER_END = "END\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ANSWER_STORED = "STORED\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ANSWER_VALUE = "VALUE key-".getBytes(StandardCharsets.US_ASCII);

    final int index;
    int fd = -1;
    boolean connected;
    /** Stands in the queue of those that can take a request. */
    boolean queued;
    private final LoadOptions options;
    private final Tally tally;
    private final MemorySegment out;
    private final MemorySegment in;
    private final int[] pendingKey;
    private final long[] pendingSince;
    private final int mask;
    private int firstPending;
    private int pending;
    private int outFrom;
    private int outTo;
    private int inFrom;
    private int inTo;

    Connection(int index, LoadOptions options, Tally tally, Arena arena) {
        this.index = index;
        this.options = options;
        this.tally = tally;
        int request = HEAD + options.valueBytes();
        long several = (long) request * options.pipeline();
        int bytes = (int) Math.max(request, Math.min(several, BUFFER));
        out = arena.allocate(bytes, 8);
        in = arena.allocate(Math.max(bytes, 4096), 8);
        int slots = Integer.highestOneBit(options.pipeline() * 2 - 1);
        pendingKey = new int[slots];
        pendingSince = new long[slots];
        mask = slots - 1;
    }

    /** Requests under way. */
    int pending() {
        return pending;
    }

    boolean hasRoom() {
        return connected && pending < options.pipeline()
                && out.byteSize() - outTo >= HEAD + options.valueBytes();
    }

    boolean hasOutput() {
        return outFrom < outTo;
    }

    // ---- requests ----

    void get(int key, long since) {
        int at = text(outTo, "get ");
        at = key(at, key);
        outTo = text(at, "\r\n");
        remember(key, since);
    }

    void set(int key, long since) {
        int at = text(outTo, "set ");
        at = key(at, key);
        at = text(at, " 0 ");
        at = number(at, options.expirySeconds());
        at = text(at, " ");
        at = number(at, options.valueBytes());
        at = text(at, "\r\n");
        value(at, key);
        outTo = text(at + options.valueBytes(), "\r\n");
        remember(key | SET, since);
    }

    /** The beginning of a store that will never be finished. */
    void half(int key) {
        int at = text(outTo, "set ");
        outTo = text(key(at, key), " 0 0 1000000\r\nabc");
    }

    private void remember(int key, long since) {
        int slot = firstPending + pending++ & mask;
        pendingKey[slot] = key;
        pendingSince[slot] = since;
    }

    private int text(int at, String text) {
        for (int i = 0; i < text.length(); i++) {
            out.set(JAVA_BYTE, at + i, (byte) text.charAt(i));
        }
        return at + text.length();
    }

    private int key(int at, int key) {
        text(at, "key-");
        int rest = key;
        for (int i = KEY_BYTES - 1; i >= 4; i--) {
            out.set(JAVA_BYTE, at + i, (byte) ('0' + rest % 10));
            rest /= 10;
        }
        return at + KEY_BYTES;
    }

    private int number(int at, int number) {
        int digits = 1;
        for (int rest = number; rest >= 10; rest /= 10) {
            digits++;
        }
        int rest = number;
        for (int i = digits - 1; i >= 0; i--) {
            out.set(JAVA_BYTE, at + i, (byte) ('0' + rest % 10));
            rest /= 10;
        }
        return at + digits;
    }

    private static long pattern(int key) {
        return (key + 1) * 0x9e3779b97f4a7c15L | 0x8080808080808080L;
    }

    private void value(int at, int key) {
        long pattern = pattern(key);
        int length = options.valueBytes();
        int i = 0;
        for (; i + 8 <= length; i += 8) {
            out.set(JAVA_LONG_UNALIGNED, at + i, pattern);
        }
        for (; i < length; i++) {
            out.set(JAVA_BYTE, at + i, (byte) pattern);
        }
    }

    /** Writes what is waiting. @return false when the connection is gone */
    boolean flush(HotCalls calls) {
        while (outFrom < outTo) {
            int written = calls.write(fd, out, outFrom, outTo - outFrom);
            if (written < 0) {
                return written == -Errno.EAGAIN;
            }
            outFrom += written;
        }
        outFrom = 0;
        outTo = 0;
        return true;
    }

    // ---- answers ----

    /** Reads until there is nothing more. @return false when the connection is gone or its answers make no sense */
    boolean receive(HotCalls calls, long nowNs) {
        while (true) {
            int room = (int) in.byteSize() - inTo;
            int read = calls.read(fd, in, inTo, room);
            if (read == -Errno.EAGAIN) {
                return true;
            } else if (read <= 0) {
                return false;
            }
            inTo += read;
            while (pending > 0 && inFrom < inTo) {
                int used = answer(nowNs);
                if (used < 0) {
                    return false;
                } else if (used == 0) {
                    break;
                }
                inFrom += used;
            }
            if (pending == 0 && inFrom < inTo) {
                complain("an answer that nobody asked for");
                tally.wrong++;
                return false;
            }
            compact();
            if (read < room) {
                return true;
            }
        }
    }

    private void compact() {
        if (inFrom == inTo) {
            inFrom = 0;
            inTo = 0;
        } else if (inFrom > 0) {
            MemorySegment.copy(in, inFrom, in, 0, inTo - inFrom);
            inTo -= inFrom;
            inFrom = 0;
        }
    }

    /** One answer at the start of the input. @return bytes it took, 0: not complete, -1: makes no sense */
    private int answer(long nowNs) {
        int asked = pendingKey[firstPending];
        int used;
        if (asked < 0) {
            used = starts(ANSWER_STORED, inFrom);
        } else {
            used = starts(ANSWER_END, inFrom);
            if (used > 0) {
                tally.misses++;
            } else if (used < 0) {
                used = valueAnswer(asked);
            }
        }
        if (used < 0) {
            used = errorLine();
        }
        if (used > 0) {
            tally.latencies.add(nowNs - pendingSince[firstPending]);
            firstPending = firstPending + 1 & mask;
            pending--;
            if (asked < 0) {
                tally.sets++;
            } else {
                tally.gets++;
            }
        }
        return used;
    }

    /** Length of {@code text} when the input at {@code at} is it, 0 when it may become it, else -1. */
    private int starts(byte[] text, int at) {
        int length = Math.min(text.length, inTo - at);
        for (int i = 0; i < length; i++) {
            if (in.get(JAVA_BYTE, at + i) != text[i]) {
                return -1;
            }
        }
        return length == text.length ? length : 0;
    }

    /** "VALUE key-000000001 0 64", the value, "END". */
    private int valueAnswer(int asked) {
        int start = starts(ANSWER_VALUE, inFrom);
        if (start <= 0) {
            return start;
        }
        int lengthAt = inFrom + 6 + KEY_BYTES + 3;
        int lineEnd = lengthAt;
        while (lineEnd < inTo && in.get(JAVA_BYTE, lineEnd) != '\n') {
            lineEnd++;
        }
        if (lineEnd >= inTo) {
            return lineEnd - inFrom > HEAD ? -1 : 0;
        }
        int valueLength = options.valueBytes();
        int end = lineEnd + 1 + valueLength + 2;
        if (!isNumber(lengthAt, lineEnd - 1, valueLength)) {
            return -1;
        }
        if (end + ANSWER_END.length > inTo) {
            return 0;
        }
        if (starts(ANSWER_END, end) < 0) {
            return -1;
        }
        if (!isNumber(inFrom + 10, inFrom + 6 + KEY_BYTES, asked) || !isValue(lineEnd + 1, asked)) {
            complain("another key's value");
            tally.wrong++;
        } else {
            tally.hits++;
        }
        return end + ANSWER_END.length - inFrom;
    }

    private boolean isNumber(int from, int to, int wanted) {
        int number = 0;
        for (int i = from; i < to; i++) {
            number = number * 10 + in.get(JAVA_BYTE, i) - '0';
        }
        return number == wanted;
    }

    private boolean isValue(int at, int key) {
        int length = options.valueBytes();
        long pattern = pattern(key);
        int i = 0;
        for (; i + 8 <= length; i += 8) {
            if (in.get(JAVA_LONG_UNALIGNED, at + i) != pattern) {
                return false;
            }
        }
        for (; i < length; i++) {
            if (in.get(JAVA_BYTE, at + i) != (byte) pattern) {
                return false;
            }
        }
        return true;
    }

    private int errorLine() {
        int lineEnd = inFrom;
        while (lineEnd < inTo && in.get(JAVA_BYTE, lineEnd) != '\n') {
            lineEnd++;
        }
        byte first = in.get(JAVA_BYTE, inFrom);
        boolean error = first == 'E' || first == 'C' || first == 'S' || first == 'N';
        if (lineEnd == inTo && error && lineEnd - inFrom < HEAD * 4) {
            return 0;
        }
        complain(new String(in.asSlice(inFrom, Math.min(lineEnd, inTo) - inFrom).toArray(JAVA_BYTE),
                StandardCharsets.ISO_8859_1).strip());
        if (!error) {
            tally.wrong++;
            return -1;
        }
        tally.errors++;
        return lineEnd + 1 - inFrom;
    }

    private void complain(String what) {
        if (tally.firstComplaint == null) {
            tally.firstComplaint = what.length() > 200 ? what.substring(0, 200) : what;
        }
    }

    /** Ends it; what was under way is given up. */
    void close() {
        tally.abandoned += pending;
        Fds.close(fd);
        fd = -1;
        connected = false;
        pending = 0;
        outFrom = 0;
        outTo = 0;
        inFrom = 0;
        inTo = 0;
    }
}
