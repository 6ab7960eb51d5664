package eu.mikelangelo.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The header of VIRTIO 1.3 section 5.1.6: what it may ask for, and who takes it. */
class NetOffloadTest {
    private static final long ALL = Features.NET_OFFERED;
    private static final int LENGTH = 3000;

    private final NetOffload offload = new NetOffload();

    private static long word(int flags, int type, int headers, int size, int start) {
        return flags | (long) type << 8 | (long) headers << 16 | (long) size << 32 | (long) start << 48;
    }

    private boolean read(long word, int offset, long features) {
        return offload.read(word, offset, features, LENGTH);
    }

    @Test
    void onlyTheFlagAndTheTypeMakeWork() {
        assertTrue(NetHeaderLayout.plain(0));
        assertTrue(NetHeaderLayout.plain(word(0xfe, 0, 0xffff, 0xffff, 0xffff)));
        assertFalse(NetHeaderLayout.plain(word(1, 0, 0, 0, 0)));
        for (int bit = 0; bit < 8; bit++) {
            assertFalse(NetHeaderLayout.plain(word(0, 1 << bit, 0, 0, 0)));
        }
        assertTrue(read(word(0xfe, 0, 0xffff, 0xffff, 0xffff), 0xffff, 0), "whatever was negotiated");
        assertTrue(offload.plain());
        assertEquals(0, offload.firstWord());
        assertEquals(0, offload.lastField());
    }

    @Test
    void aHeaderIsPassedOnAsItWasUnderstood() {
        assertTrue(read(word(0xff, 0x81, 0xffff, 1448, 34), 16, ALL));
        offload.found(66, false, true);
        assertEquals(word(1, 0x81, 66, 1448, 34), offload.firstWord());
        assertEquals(16, offload.lastField());
        offload.found(66, false, false);
        assertEquals(word(1, 1, 66, 1448, 34), offload.firstWord());
        NetOffload copy = new NetOffload();
        copy.set(offload);
        offload.clear();
        assertTrue(offload.plain());
        assertEquals(word(1, 1, 66, 1448, 34), copy.firstWord());
        copy.unsegment();
        assertEquals(word(1, 0, 0, 0, 34), copy.firstWord());
    }

    @Test
    void whatCannotBe() {
        assertTrue(read(word(1, 0, 0, 0, LENGTH - 4), 2, ALL));
        assertFalse(read(word(1, 0, 0, 0, LENGTH - 4), 3, ALL));
        assertFalse(read(word(1, 0, 0, 0, 0xffff), 0xffff, ALL));
        assertFalse(read(word(1, 0, 0, 0, LENGTH), 0, ALL));
        assertFalse(read(word(0, 1, 0, 100, 34), 16, ALL), "segments without a checksum");
        assertFalse(read(word(1, 1, 0, 0, 34), 16, ALL), "segments of no bytes");
        int known = 0;
        for (int type = 0; type < 256; type++) {
            known += read(word(1, type, 0, 100, 34), 16, -1L) ? 1 : 0;
            assertEquals(offload.plain(), !offload.segmented() && offload.firstWord() == 0);
        }
        assertEquals(6, known, "none, two of TCP with and without ECN, UDP");
    }

    /** Each request needs its feature of the sender, and its counterpart of the receiver. */
    @Test
    void eachRequestHasItsFeature() {
        long csum = Features.NET_CSUM;
        long guest = Features.NET_GUEST_CSUM;
        needs(0, csum, guest, false);
        needs(1, csum | Features.NET_HOST_TSO4, guest | Features.NET_GUEST_TSO4, false);
        needs(4, csum | Features.NET_HOST_TSO6, guest | Features.NET_GUEST_TSO6, true);
        needs(0x81, csum | Features.NET_HOST_TSO4 | Features.NET_HOST_ECN,
                guest | Features.NET_GUEST_TSO4 | Features.NET_GUEST_ECN, false);
        needs(0x84, csum | Features.NET_HOST_TSO6 | Features.NET_HOST_ECN,
                guest | Features.NET_GUEST_TSO6 | Features.NET_GUEST_ECN, true);
        needs(5, csum | Features.NET_HOST_USO, guest | Features.NET_GUEST_USO4, false);
        needs(5, csum | Features.NET_HOST_USO, guest | Features.NET_GUEST_USO6, true);
    }

    private void needs(int type, long sender, long receiver, boolean ipv6) {
        long word = word(1, type, 0, type == 0 ? 0 : 100, 34);
        assertTrue(read(word, 6, sender), "type " + type);
        assertFalse(read(word, 6, 0));
        for (long bits = sender; bits != 0; bits &= bits - 1) {
            assertFalse(read(word, 6, ALL & ~Long.lowestOneBit(bits)), "type " + type);
        }
        assertTrue(read(word, 6, sender));
        if (type != 0) {
            offload.found(62, ipv6, (type & 0x80) != 0);
        }
        assertTrue(offload.taken(receiver), "type " + type);
        for (long bits = receiver; bits != 0; bits &= bits - 1) {
            assertFalse(offload.taken(ALL & ~Long.lowestOneBit(bits)), "type " + type);
        }
    }
}
