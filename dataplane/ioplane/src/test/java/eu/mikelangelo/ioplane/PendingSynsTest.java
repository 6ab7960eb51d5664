package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.passt.PendingSyns;
import eu.mikelangelo.ioplane.passt.TcpHead;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PendingSynsTest {
    private static final int SYN = 0x02;
    private static final int SYN_ACK = 0x12;
    private static final int RST_ACK = 0x14;
    private static final int LENGTH = 54;
    private static final long START = 1_000_000;
    private final PendingSyns syns = new PendingSyns();
    private final TcpHead head = new TcpHead();
    private final ScatterList list = new ScatterList(1);

    @Test
    void aSynIsOfferedAgainUntilItIsAccepted() {
        outward(segment(1, 2, 100, 200, SYN), LENGTH, START);
        assertEquals(0, syns.due(list, START), "not at once: it was just delivered");
        assertEquals(START + PendingSyns.RETRY_NS, syns.deadlineNs());
        assertEquals(LENGTH, syns.due(list, START + PendingSyns.RETRY_NS));
        assertEquals(0, syns.due(list, START + PendingSyns.RETRY_NS));
        assertEquals(LENGTH, syns.due(list, START + 2 * PendingSyns.RETRY_NS));
        inward(segment(2, 1, 200, 100, SYN_ACK), LENGTH);
        assertTrue(syns.isEmpty());
        assertEquals(Long.MAX_VALUE, syns.deadlineNs());
    }

    @Test
    void aRefusalEndsItToo() {
        outward(segment(1, 2, 100, 200, SYN), LENGTH, START);
        inward(segment(2, 1, 200, 100, RST_ACK), LENGTH);
        assertTrue(syns.isEmpty());
    }

    @Test
    void otherConnectionsAndOtherSegmentsEndNothing() {
        outward(segment(1, 2, 100, 200, SYN), LENGTH, START);
        inward(segment(2, 1, 201, 100, SYN_ACK), LENGTH);
        inward(segment(2, 1, 200, 100, 0x10), LENGTH);
        inward(segment(1, 2, 100, 200, RST_ACK), LENGTH);
        assertFalse(syns.isEmpty());
    }

    @Test
    void onlySynsAreKeptEachOnce() {
        outward(segment(1, 2, 100, 200, SYN_ACK), LENGTH, START);
        outward(segment(1, 2, 100, 200, 0x10), LENGTH, START);
        outward(segment(1, 2, 100, 200, SYN), 40, START);
        assertTrue(syns.isEmpty());
        outward(segment(1, 2, 100, 200, SYN), LENGTH, START);
        outward(segment(1, 2, 100, 200, SYN), LENGTH, START + 1);
        assertEquals(LENGTH, syns.due(list, START + PendingSyns.RETRY_NS + 1));
        assertEquals(0, syns.due(list, START + PendingSyns.RETRY_NS + 1));
    }

    @Test
    void whatPasstHasGivenUpIsForgotten() {
        outward(segment(1, 2, 100, 200, SYN), LENGTH, START);
        assertEquals(0, syns.due(list, START + PendingSyns.LIFE_NS));
        assertTrue(syns.isEmpty());
    }

    @Test
    void theNumberIsBounded() {
        for (int port = 1; port <= 1_000; port++) {
            outward(segment(1, 2, port, 200, SYN), LENGTH, START);
        }
        int due = 0;
        while (syns.due(list, START + PendingSyns.RETRY_NS) > 0) {
            due++;
        }
        assertEquals(PendingSyns.SLOTS, due);
        syns.clear();
        assertTrue(syns.isEmpty());
    }

    @Test
    void hostileFramesNeverLeaveTheirBounds() {
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 200_000; i++) {
            int length = 15 + random.nextInt(150);
            Region frame = new Region(Arena.ofAuto().allocate(length, 8));
            for (int at = 0; at < length; at++) {
                frame.u8(at, random.nextInt(256));
            }
            frame.u8(12, 8);
            frame.u8(13, 0);
            frame.u8(14, 0x40 | random.nextInt(16));
            if (length > 23) {
                frame.u8(23, 6);
            }
            if (length > 21 && random.nextBoolean()) {
                frame.u16(20, 0);
            }
            outward(frame, length, START + i);
            inward(frame, length);
        }
    }

    @Test
    void aResetByTheOtherSideEndsIt() {
        outward(segment(1, 2, 100, 200, SYN), LENGTH, START);
        outward(segment(1, 2, 101, 200, RST_ACK), LENGTH, START);
        assertFalse(syns.isEmpty());
        outward(segment(1, 2, 100, 200, RST_ACK), LENGTH, START);
        assertTrue(syns.isEmpty());
    }

    private void outward(Region frame, int length, long nowNs) {
        if (head.read(frame, 0, length)) {
            syns.outward(head, length, nowNs);
        }
    }

    private void inward(Region frame, int length) {
        if (head.read(frame, 0, length)) {
            syns.inward(head);
        }
    }

    private static Region segment(int from, int to, int fromPort, int toPort, int flags) {
        Region frame = new Region(Arena.ofAuto().allocate(LENGTH, 8));
        frame.u8(12, 8);
        frame.u8(14, 0x45);
        frame.u8(17, 40);
        frame.u8(23, 6);
        frame.u8(46, 0x50);
        frame.u32(26, Integer.reverseBytes(from));
        frame.u32(30, Integer.reverseBytes(to));
        frame.u16(34, Short.toUnsignedInt(Short.reverseBytes((short) fromPort)));
        frame.u16(36, Short.toUnsignedInt(Short.reverseBytes((short) toPort)));
        frame.u8(47, flags);
        return frame;
    }
}
