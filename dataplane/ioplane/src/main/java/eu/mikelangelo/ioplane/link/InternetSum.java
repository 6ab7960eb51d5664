package eu.mikelangelo.ioplane.link;

import eu.mikelangelo.memory.Region;

/**
 * The Internet checksum (RFC 1071) in pieces. The sum of 16-bit words does not depend on their byte order but for the
 * order of the result, so all words here are little-endian, as are the stored results.
 */
final class InternetSum {
    private InternetSum() {}

    /**
     * Adds bytes to a sum. Every piece but the last must have an even length.
     *
     * @param length at most 1 GiB: the sum of its words fits by far
     */
    static long add(long sum, Region region, long at, int length) {
        long total = sum;
        long from = at;
        long words = at + (length & ~3);
        for (; from < words; from += 4) {
            total += region.u32(from) & 0xffff_ffffL;
        }
        if ((length & 2) != 0) {
            total += region.u16(from);
            from += 2;
        }
        return (length & 1) != 0 ? total + region.u8(from) : total;
    }

    /** Adds one word that is known as a number, not as bytes. */
    static long addWord(long sum, int value) {
        return sum + (Short.reverseBytes((short) value) & 0xffff);
    }

    /** @return the checksum, to be stored with {@link Region#u16(long, int)} */
    static int finish(long sum) {
        long folded = (sum >>> 32) + (sum & 0xffff_ffffL);
        folded = (folded >>> 16) + (folded & 0xffff);
        folded = (folded >>> 16) + (folded & 0xffff);
        folded = (folded >>> 16) + (folded & 0xffff);
        return (int) ~folded & 0xffff;
    }

    /** As {@link #finish}, where zero means that there is no checksum (RFC 768). */
    static int finishUdp(long sum) {
        int result = finish(sum);
        return result == 0 ? 0xffff : result;
    }
}
