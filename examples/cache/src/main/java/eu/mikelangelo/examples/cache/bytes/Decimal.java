package eu.mikelangelo.examples.cache.bytes;

import eu.mikelangelo.memory.Region;

/**
 * Decimal numbers in and out. Reading follows what memcached accepts (strtoull and strtol up to a blank): blanks
 * before, a sign, digits, and behind a blank anything. Reused; one owner.
 */
public final class Decimal {
    /** The longest unsigned 64-bit number. */
    public static final int LONGEST = 20;
    private static final long LAST_TENTH = Long.divideUnsigned(-1, 10);

    /** What was read last. */
    public long value;

    /** Reads a number of 0 to 2^64-1. @return false when there is none or it does not fit */
    public boolean unsigned(Region in, long from, long to) {
        long at = afterBlanks(in, from, to);
        boolean negative = at < to && in.u8(at) == '-';
        if (!digits(in, signed(in, at, to), to)) {
            return false;
        }
        return !negative || value == 0;
    }

    /** Reads a number of -(2^63-1) to 2^63-1. @return false when there is none or it does not fit */
    public boolean signed64(Region in, long from, long to) {
        long at = afterBlanks(in, from, to);
        boolean negative = at < to && in.u8(at) == '-';
        if (!digits(in, signed(in, at, to), to) || value < 0) {
            return false;
        }
        value = negative ? -value : value;
        return true;
    }

    private static long signed(Region in, long at, long to) {
        return at < to && (in.u8(at) == '-' || in.u8(at) == '+') ? at + 1 : at;
    }

    private static long afterBlanks(Region in, long from, long to) {
        long at = from;
        while (at < to && blank(in.u8(at))) {
            at++;
        }
        return at;
    }

    private static boolean blank(int c) {
        return c == ' ' || c >= '\t' && c <= '\r';
    }

    private boolean digits(Region in, long from, long to) {
        long sum = 0;
        long at = from;
        for (; at < to; at++) {
            int digit = in.u8(at) - '0';
            if (digit < 0 || digit > 9) {
                break;
            }
            if (Long.compareUnsigned(sum, LAST_TENTH) > 0 || sum == LAST_TENTH && digit > 5) {
                return false;
            }
            sum = sum * 10 + digit;
        }
        value = sum;
        return at > from && (at == to || blank(in.u8(at)));
    }

    /** Writes an unsigned number. @return the offset behind it */
    public static int write(Region out, int at, long number) {
        if (number >= 0 && number < 10) {
            out.u8(at, '0' + (int) number);
            return at + 1;
        }
        int end = at + length(number);
        int position = end;
        long rest = number;
        if (rest < 0) {
            long tenth = Long.divideUnsigned(rest, 10);
            out.u8(--position, '0' + (int) (rest - tenth * 10));
            rest = tenth;
        }
        while (rest >= 10) {
            long tenth = rest / 10;
            out.u8(--position, '0' + (int) (rest - tenth * 10));
            rest = tenth;
        }
        out.u8(--position, '0' + (int) rest);
        return end;
    }

    /** Digits of an unsigned number. */
    public static int length(long number) {
        if (number < 0) {
            return Long.compareUnsigned(number, 1_000_000_000_000_000_000L * 10) >= 0 ? 20 : 19;
        }
        int digits = 1;
        for (long power = 10; number >= power; power *= 10) {
            digits++;
            if (digits == 19) {
                break;
            }
        }
        return digits;
    }
}
