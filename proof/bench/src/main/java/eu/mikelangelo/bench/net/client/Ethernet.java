package eu.mikelangelo.bench.net.client;

import eu.mikelangelo.memory.Region;

/** The first bytes of a frame between the two cards. */
final class Ethernet {
    static final int SIZE = 14;
    private static final int TYPE = 12;
    private static final long FIRST_MAC = 0x0200_0000_0001L;

    private Ethernet() {}

    /** @param from card 0 or 1, to the other. @param type of what follows */
    static void write(Region memory, long at, int from, int type) {
        mac(memory, at, FIRST_MAC + 1 - from);
        mac(memory, at + 6, FIRST_MAC + from);
        memory.big16(at + TYPE, type);
    }

    /** Whether this is what {@link #write} writes. */
    static boolean is(Region memory, long at, int from, int type) {
        return memory.big48(at) == FIRST_MAC + 1 - from && memory.big48(at + 6) == FIRST_MAC + from
                && memory.big16(at + TYPE) == type;
    }

    private static void mac(Region memory, long at, long mac) {
        memory.big16(at, (int) (mac >>> 32));
        memory.big32(at + 2, (int) mac);
    }
}
