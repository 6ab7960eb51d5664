package eu.mikelangelo.plane.api;

/** MAC and IPv4 addresses as text and as numbers. */
public final class Addresses {
    /** The number of an empty MAC address. */
    public static final long NO_MAC = -1;
    /** Most MAC addresses of one port. */
    public static final int MOST_MACS = 64;

    private Addresses() {}

    /**
     * {@code 02:4d:00:00:00:01} as 48 bits; {@link #NO_MAC} for empty text.
     *
     * @throws IllegalArgumentException for other text
     */
    public static long mac(String text) {
        if (text.isEmpty()) {
            return NO_MAC;
        }
        String[] parts = text.split(":", -1);
        long value = 0;
        for (String part : parts) {
            value = value << 8 | digits(text, part, 16, 2);
        }
        if (parts.length != 6 || (value >>> 40 & 1) != 0 || value == 0) {
            throw new IllegalArgumentException("\"" + text + "\" is not the MAC address of one card");
        }
        return value;
    }

    /**
     * Several MAC addresses with {@code +} between them; none for empty text.
     *
     * @throws IllegalArgumentException for other text, for an address that is said twice, or more than {@value
     *         #MOST_MACS}
     */
    public static long[] macs(String text) {
        String[] parts = text.isEmpty() ? new String[0] : text.split("\\+", -1);
        long[] macs = new long[parts.length];
        if (macs.length > MOST_MACS) {
            throw new IllegalArgumentException(macs.length + " MAC addresses of one port, not 1 to " + MOST_MACS);
        }
        for (int i = 0; i < macs.length; i++) {
            macs[i] = mac(parts[i]);
            if (macs[i] == NO_MAC) {
                throw bad(text);
            }
            for (int before = 0; before < i; before++) {
                if (macs[before] == macs[i]) {
                    throw new IllegalArgumentException("\"" + parts[i] + "\" is said twice");
                }
            }
        }
        return macs;
    }

    /**
     * {@code 10.187.0.1} as in a header read big-endian; 0 for empty text.
     *
     * @throws IllegalArgumentException for other text
     */
    public static int ipv4(String text) {
        if (text.isEmpty()) {
            return 0;
        }
        String[] parts = text.split("\\.", -1);
        int value = 0;
        for (String part : parts) {
            int octet = digits(text, part, 10, 3);
            if (octet > 255) {
                throw bad(text);
            }
            value = value << 8 | octet;
        }
        if (parts.length != 4 || value == 0) {
            throw bad(text);
        }
        return value;
    }

    private static int digits(String text, String part, int radix, int most) {
        if (part.isEmpty() || part.length() > most) {
            throw bad(text);
        }
        int value = 0;
        for (int i = 0; i < part.length(); i++) {
            char c = part.charAt(i);
            int digit = c < 128 ? Character.digit(c, radix) : -1;
            if (digit < 0) {
                throw bad(text);
            }
            value = value * radix + digit;
        }
        return value;
    }

    private static IllegalArgumentException bad(String text) {
        return new IllegalArgumentException("\"" + text + "\" is not an address");
    }
}
