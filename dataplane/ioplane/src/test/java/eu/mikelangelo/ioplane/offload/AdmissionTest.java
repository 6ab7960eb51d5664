package eu.mikelangelo.ioplane.offload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.NetOffload;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Requests that do not fit the frame, or each other. */
class AdmissionTest {
    private static final Packets.Kind TCP4 = new Packets.Kind(4, false, 0, 0, 0);
    private static final Packets.Kind TCP6 = new Packets.Kind(6, false, 0, 0, 0);
    private static final Packets.Kind UDP4 = new Packets.Kind(4, true, 0, 0, 0);
    private static final Packets.Kind UDP6 = new Packets.Kind(6, true, 0, 0, 0);

    private final Admission admission = new Admission();
    private final NetOffload offload = new NetOffload();

    private static byte[] packet(Packets.Kind kind, int bytes) {
        return Packets.partial(kind, 0x024d00000003L, 0x024d00000002L, new byte[bytes], Packets.ACK, 1);
    }

    private static byte[] changed(byte[] frame, int at, int value) {
        byte[] other = frame.clone();
        other[at] = (byte) value;
        return other;
    }

    private boolean admitted(byte[] header, byte[] frame) {
        ByteBuffer in = ByteBuffer.wrap(header).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        if (!offload.read(in.getLong(0), in.getShort(8), Features.NET_OFFERED, frame.length)) {
            assertTrue(offload.plain(), "nothing is left of it");
            return false;
        }
        int known = Math.min(frame.length, 96);
        Region head = new Region(Arena.ofAuto().allocate(96, 8));
        MemorySegment.copy(frame, 0, head.segment(), ValueLayout.JAVA_BYTE, 0, known);
        return offload.plain() || admission.admit(head, known, frame.length, offload);
    }

    private boolean checksum(byte[] frame, int start, int offset) {
        return admitted(Packets.header(1, 0, 0, start, offset), frame);
    }

    private boolean segments(byte[] frame, int type, int size, int start, int offset) {
        return admitted(Packets.header(1, type, size, start, offset), frame);
    }

    @Test
    void honestOnesAreAdmitted() {
        Random random = new Random(3);
        for (int i = 0; i < 2000; i++) {
            Packets.Kind kind = Packets.anyKind(random);
            byte[] frame = packet(kind, 10 + random.nextInt(3000));
            assertTrue(admitted(Packets.header(kind, 0), frame), kind.toString());
            assertTrue(admitted(Packets.header(kind, 8 + random.nextInt(3000)), frame), kind.toString());
        }
    }

    @Test
    void aChecksumStaysWithinTheFrame() {
        byte[] frame = packet(TCP4, 100);
        assertTrue(checksum(frame, 34, 16));
        byte[] unknown = changed(frame, 23, 132);
        assertTrue(checksum(unknown, 34, frame.length - 36));
        assertFalse(checksum(unknown, 34, frame.length - 35));
        assertFalse(checksum(unknown, frame.length - 1, 0));
        assertFalse(checksum(unknown, 65_535, 65_535));
    }

    /** A completed checksum would change what the rules judged. */
    @Test
    void aChecksumDoesNotLandOnWhatWasJudged() {
        byte[] tcp = packet(TCP4, 100);
        for (int place = 0; place < 34; place++) {
            assertFalse(checksum(tcp, place, 0), "at " + place);
            assertFalse(checksum(tcp, 0, place), "at " + place);
            assertFalse(checksum(tcp, Math.min(place, 33), 17), "from " + place);
        }
        for (int offset = 0; offset < 40; offset++) {
            assertEquals(offset == 16, checksum(tcp, 34, offset), "TCP " + offset);
            assertEquals(offset == 16, checksum(packet(TCP6, 100), 54, offset), "TCP " + offset);
            assertEquals(offset == 6, checksum(packet(UDP4, 100), 34, offset), "UDP " + offset);
            assertEquals(offset == 6, checksum(packet(UDP6, 100), 54, offset), "UDP " + offset);
            assertEquals(offset == 2, checksum(changed(packet(UDP6, 100), 20, 58), 54, offset), "ICMPv6 " + offset);
            assertEquals(offset == 2, checksum(changed(tcp, 23, 1), 34, offset), "ICMP " + offset);
            assertEquals(offset >= 4, checksum(changed(tcp, 23, 132), 34, offset), "SCTP " + offset);
        }
        for (int start = 35; start < 60; start++) {
            assertEquals(start >= 42, checksum(packet(UDP4, 100), start, 0), "in a tunnel, from " + start);
        }
        assertTrue(checksum(packet(UDP4, 100), 84, 16), "TCP in VXLAN");
    }

    @Test
    void fragmentsAndArpHaveNoChecksumLeft() {
        byte[] frame = packet(UDP4, 100);
        assertFalse(checksum(changed(frame, 20, 0x20), 34, 6));
        assertFalse(checksum(changed(frame, 21, 1), 34, 6));
        byte[] six = packet(new Packets.Kind(6, true, 0, 8, 0), 100);
        assertTrue(checksum(six, 62, 6));
        assertFalse(checksum(changed(six, 20, 44), 62, 6));
        assertFalse(checksum(changed(frame, 13, 6), 34, 6));
    }

    @Test
    void headersThatAreNotThereOrDamaged() {
        byte[] frame = packet(TCP4, 100);
        assertFalse(checksum(changed(frame, 14, 0x44), 34, 16), "a short header");
        assertFalse(checksum(changed(frame, 14, 0x65), 34, 16), "another version");
        assertFalse(checksum(changed(packet(TCP6, 100), 14, 0x45), 54, 16), "another version");
        assertFalse(checksum(java.util.Arrays.copyOf(frame, 33), 14, 17));
        byte[] far = changed(packet(new Packets.Kind(6, false, 0, 8, 0), 3000), 55, 200);
        assertFalse(checksum(far, 54 + 201 * 8, 16), "beyond what is known");
    }

    @Test
    void segmentsAskForWhatTheFrameIs() {
        byte[] four = packet(TCP4, 3000);
        assertTrue(segments(four, 1, 1000, 34, 16));
        assertTrue(segments(four, 0x81, 1000, 34, 16));
        for (int type : new int[] {2, 3, 4, 5, 6, 7, 0x7f, 0x80, 0x85, 0xff}) {
            assertFalse(segments(four, type, 1000, 34, 16), "type " + type);
        }
        assertFalse(admitted(Packets.header(0, 1, 1000, 34, 16), four), "segments without a checksum");
        assertFalse(segments(four, 1, 0, 34, 16));
        assertFalse(segments(four, 1, 1, 34, 16), "3000 segments");
        assertTrue(segments(four, 1, 2, 34, 16));
        assertFalse(segments(four, 1, 1000, 35, 16));
        assertFalse(segments(four, 1, 1000, 34, 18));
        assertFalse(segments(packet(UDP4, 3000), 1, 1000, 34, 16));
        assertFalse(segments(packet(TCP6, 3000), 1, 1000, 54, 16));
        assertFalse(segments(four, 4, 1000, 34, 16));
        assertTrue(segments(packet(UDP6, 3000), 5, 1000, 54, 6));
        assertFalse(segments(changed(four, 46, 0x40), 1, 1000, 34, 16), "TCP's header too short");
        assertFalse(segments(changed(four, 47, Packets.SYN), 1, 1000, 34, 16));
        assertFalse(segments(changed(four, 17, four[17] + 1), 1, 1000, 34, 16), "IPv4's length");
        assertFalse(segments(changed(packet(UDP4, 3000), 39, 0), 5, 1000, 34, 6), "UDP's length");
        byte[] routed = changed(packet(new Packets.Kind(6, false, 0, 8, 0), 3000), 20, 43);
        assertFalse(segments(routed, 4, 1000, 62, 16));
    }

    @Test
    void aSingleSegmentIsNone() {
        byte[] frame = packet(TCP4, 1000);
        assertTrue(segments(frame, 1, 1000, 34, 16));
        assertFalse(offload.segmented());
        assertFalse(offload.plain());
        assertTrue(segments(packet(TCP4, 0), 1, 1000, 34, 16));
        assertFalse(offload.segmented());
        assertTrue(segments(frame, 1, 999, 34, 16));
        assertTrue(offload.segmented());
        assertEquals(54, offload.headerBytes());
    }

    @Test
    void aTagMovesTheChecksum() {
        assertTrue(segments(packet(TCP4, 3000), 1, 1000, 34, 16));
        offload.shift(4);
        assertEquals(38, offload.checksumStart());
        assertEquals(54, offload.checksumPlace());
        assertEquals(58, offload.headerBytes());
        offload.shift(-4);
        assertEquals(34, offload.checksumStart());
    }
}
