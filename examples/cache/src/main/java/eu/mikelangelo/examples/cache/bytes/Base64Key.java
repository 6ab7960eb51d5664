package eu.mikelangelo.examples.cache.bytes;

import eu.mikelangelo.memory.Region;

/** RFC 4648 section 4 for keys: padded, no line breaks. Strict where memcached skips what is not of the alphabet. */
public final class Base64Key {
    private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    private static final byte[] VALUES = values();

    private Base64Key() {}

    private static byte[] values() {
        byte[] values = new byte[256];
        java.util.Arrays.fill(values, (byte) -1);
        for (int i = 0; i < ALPHABET.length(); i++) {
            values[ALPHABET.charAt(i)] = (byte) i;
        }
        return values;
    }

    /**
     * Decodes {@code length} bytes of text.
     *
     * @param out has room for three quarters of {@code length}
     * @return bytes written to {@code to}, or 0 when it is not base64
     */
    public static int decode(Region in, int from, int length, Region out, int to) {
        if (length == 0 || length % 4 != 0) {
            return 0;
        }
        int padding = in.u8(from + length - 1) != '=' ? 0 : in.u8(from + length - 2) != '=' ? 1 : 2;
        int at = to;
        for (int i = 0; i < length; i += 4) {
            int missing = i + 4 == length ? padding : 0;
            int bits = 0;
            for (int k = 0; k < 4; k++) {
                int value = k < 4 - missing ? VALUES[in.u8(from + i + k)] : 0;
                if (value < 0) {
                    return 0;
                }
                bits = bits << 6 | value;
            }
            out.u8(at++, bits >>> 16);
            if (missing < 2) {
                out.u8(at++, bits >>> 8);
            }
            if (missing == 0) {
                out.u8(at++, bits);
            }
        }
        return at - to;
    }

    /** Encodes {@code length} bytes. @return the offset behind the text, which is 4/3 as long, rounded up to 4 */
    public static int encode(Region in, long from, int length, Region out, int to) {
        int at = to;
        for (int i = 0; i < length; i += 3) {
            int left = length - i;
            int bits = in.u8(from + i) << 16 | (left > 1 ? in.u8(from + i + 1) << 8 : 0)
                    | (left > 2 ? in.u8(from + i + 2) : 0);
            out.u8(at++, ALPHABET.charAt(bits >>> 18));
            out.u8(at++, ALPHABET.charAt(bits >>> 12 & 63));
            out.u8(at++, left > 1 ? ALPHABET.charAt(bits >>> 6 & 63) : '=');
            out.u8(at++, left > 2 ? ALPHABET.charAt(bits & 63) : '=');
        }
        return at;
    }
}
