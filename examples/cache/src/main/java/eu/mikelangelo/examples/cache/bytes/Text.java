package eu.mikelangelo.examples.cache.bytes;

import eu.mikelangelo.memory.Region;

/** Searching, comparing and copying bytes eight at a time. All offsets are checked by the regions. */
public final class Text {
    private static final long ONES = 0x0101010101010101L;
    private static final long HIGHS = 0x8080808080808080L;
    private static final long NEWLINES = ONES * '\n';
    private static final long SPACES = ONES * ' ';

    private Text() {}

    /** Where the first newline in {@code from..to} is, or {@code to}. */
    public static int newline(Region in, int from, int to) {
        return find(in, from, to, NEWLINES, '\n');
    }

    /** Where the first space in {@code from..to} is, or {@code to}. */
    public static int space(Region in, int from, int to) {
        return find(in, from, to, SPACES, ' ');
    }

    /** Where the first space or newline in {@code from..to} is, or {@code to}. */
    public static int delimiter(Region in, int from, int to) {
        int at = from;
        for (; at + Long.BYTES <= to; at += Long.BYTES) {
            long word = in.u64(at);
            long space = word ^ SPACES;
            long newline = word ^ NEWLINES;
            long zeros = ((space - ONES) & ~space | (newline - ONES) & ~newline) & HIGHS;
            if (zeros != 0) {
                return at + (Long.numberOfTrailingZeros(zeros) >>> 3);
            }
        }
        while (at < to && in.u8(at) != ' ' && in.u8(at) != '\n') {
            at++;
        }
        return at;
    }

    /** The first byte in {@code from..to} that is not a space, or {@code to}. */
    public static int word(Region in, int from, int to) {
        int at = from;
        while (at < to && in.u8(at) == ' ') {
            at++;
        }
        return at;
    }

    private static int find(Region in, int from, int to, long pattern, int wanted) {
        int at = from;
        for (; at + Long.BYTES <= to; at += Long.BYTES) {
            long difference = in.u64(at) ^ pattern;
            // The lowest marked byte is exact: borrows only run upwards.
            long zeros = (difference - ONES) & ~difference & HIGHS;
            if (zeros != 0) {
                return at + (Long.numberOfTrailingZeros(zeros) >>> 3);
            }
        }
        while (at < to && in.u8(at) != wanted) {
            at++;
        }
        return at;
    }

    /** Up to eight bytes as a number, the first one lowest; names of commands are compared so. */
    public static long number(Region in, int from, int length) {
        if (from + Long.BYTES <= in.size()) {
            return in.u64(from) & -1L >>> (Long.SIZE - length * 8);
        }
        long value = 0;
        for (int i = length - 1; i >= 0; i--) {
            value = value << 8 | in.u8(from + i);
        }
        return value;
    }

    /** The same of a constant. */
    public static long number(String text) {
        long value = 0;
        for (int i = text.length() - 1; i >= 0; i--) {
            value = value << 8 | text.charAt(i);
        }
        return value;
    }

    /** True when both ranges hold the same bytes. */
    public static boolean same(Region a, long from, Region b, long start, int length) {
        int last = length - Long.BYTES;
        if (last < 0) {
            for (int i = 0; i < length; i++) {
                if (a.u8(from + i) != b.u8(start + i)) {
                    return false;
                }
            }
            return true;
        }
        for (int i = 0; i < last; i += Long.BYTES) {
            if (a.u64(from + i) != b.u64(start + i)) {
                return false;
            }
        }
        return a.u64(from + last) == b.u64(start + last);
    }
}
