package eu.mikelangelo.ioplane.offload;

import eu.mikelangelo.memory.Region;

/**
 * The Internet checksum (RFC 1071). Sums are in the bytes' own order, read little-endian (section 2 B): a folded one is
 * stored with {@link Region#u16(long, int)} as it is. Sums of pieces may be added when each piece but the last has an
 * even length. Stateless.
 */
public final class Checksums {
    private static final long LOW = 0xffff_ffffL;
    /** Bytes of a step of the long loop. */
    private static final int STEP = 4 * Long.BYTES;

    private Checksums() {
    }

    /** @return the sum of {@code length} bytes, not folded; up to some 2^31 of them cannot overflow it */
    public static long sum(Region memory, long from, int length) {
        long even = 0;
        long odd = 0;
        long at = from;
        long end = from + length;
        for (; at <= end - STEP; at += STEP) {
            long a = memory.u64(at);
            long b = memory.u64(at + 8);
            long c = memory.u64(at + 16);
            long d = memory.u64(at + 24);
            even += (a & LOW) + (a >>> 32) + (b & LOW) + (b >>> 32);
            odd += (c & LOW) + (c >>> 32) + (d & LOW) + (d >>> 32);
        }
        return even + odd + rest(memory, at, (int) (end - at));
    }

    private static long rest(Region memory, long from, int length) {
        long sum = 0;
        long at = from;
        long end = from + length;
        for (; at <= end - Integer.BYTES; at += Integer.BYTES) {
            sum += memory.u32(at) & LOW;
        }
        if (end - at >= Short.BYTES) {
            sum += memory.u16(at);
            at += Short.BYTES;
        }
        // The last byte of an odd number is followed by a zero.
        return at < end ? sum + memory.u8(at) : sum;
    }

    /** @return a sum's checksum: the ones' complement of its 16 bits */
    public static int fold(long sum) {
        long folded = (sum & LOW) + (sum >>> 32);
        folded = (folded & LOW) + (folded >>> 32);
        folded = (folded & 0xffff) + (folded >>> 16);
        folded = (folded & 0xffff) + (folded >>> 16);
        folded = (folded & 0xffff) + (folded >>> 16);
        return ~(int) folded & 0xffff;
    }

    /** As {@link #fold}, for TCP and UDP: zero is sent as its other form, for in UDP it means none (RFC 768). */
    public static int foldTransport(long sum) {
        int checksum = fold(sum);
        return checksum == 0 ? 0xffff : checksum;
    }

    /** @return the part of a pseudo header that is not addresses (RFC 9293, section 3.1; RFC 8200, section 8.1) */
    public static long pseudo(int protocol, int length) {
        return big16(protocol) + big16(length >>> 16) + big16(length);
    }

    private static int big16(int value) {
        return Short.reverseBytes((short) value) & 0xffff;
    }

    /**
     * Completes a partial checksum: from {@code start} to the frame's end, where {@code place} has the pseudo header's.
     *
     * @param at where the frame begins in {@code memory}
     * @param length bytes of the frame
     * @param start where the checksum begins, from the frame's beginning
     * @param place where its two bytes are, from the frame's beginning; at {@code start} or behind it
     */
    public static void complete(Region memory, long at, int length, int start, int place) {
        memory.u16(at + place, foldTransport(sum(memory, at + start, length - start)));
    }
}
