package eu.mikelangelo.examples.cache.bytes;

import eu.mikelangelo.memory.Region;

/**
 * The 64-bit hash of a key. One hash serves twice: its upper 32 bits choose the shard that owns the key, its lower
 * ones the place in that shard's table, so that neither takes the spread of the other away. The seed is random per
 * process: clients cannot prepare keys that meet in one place.
 */
public final class KeyHash {
    // Odd numbers with mixed bits (fractions of square roots of 2, 3, 5 and 7).
    private static final long A = 0x6a09e667f3bcc909L;
    private static final long B = 0xbb67ae8584caa73bL;
    private static final long C = 0x3c6ef372fe94f82bL;
    private static final long D = 0xa54ff53a5f1d36f1L;

    private KeyHash() {}

    /** The hash of {@code length} bytes, 1 to 250, at {@code from}. */
    public static long of(Region in, long from, int length, long seed) {
        long hash = seed ^ A ^ length * B;
        int last = length - Long.BYTES;
        for (int i = 0; i < last; i += Long.BYTES) {
            hash = fold(hash ^ in.u64(from + i), B) + C;
        }
        // The last word ends exactly at the end of the key; it overlaps the one before.
        hash = fold(hash ^ (last >= 0 ? in.u64(from + last) : few(in, from, length)), D);
        return fold(hash ^ C, A);
    }

    /** Which of {@code shards} owns the key of this hash. */
    public static int owner(long hash, int shards) {
        return (int) ((hash >>> 32) * shards >>> 32);
    }

    /** Both halves of the 128-bit product. */
    private static long fold(long a, long b) {
        return Math.unsignedMultiplyHigh(a, b) ^ a * b;
    }

    private static long few(Region in, long from, int length) {
        if (length >= Integer.BYTES) {
            return in.u32(from) & 0xffffffffL | (long) in.u32(from + length - Integer.BYTES) << 32;
        }
        // One to three bytes: first, middle and last.
        return length == 0 ? 0
                : in.u8(from) | in.u8(from + (length >> 1)) << 8 | in.u8(from + length - 1) << 16;
    }
}
