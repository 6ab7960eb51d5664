package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.passt.AckReminder;
import eu.mikelangelo.ioplane.passt.TcpHead;
import eu.mikelangelo.virtio.ScatterList;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What passt is reminded of, and with which frame. */
class AckReminderTest {
    private static final int SYN_ACK = TcpHead.SYN | TcpHead.ACK;

    private final AckReminder reminder = new AckReminder();
    private long nowNs = 5_000_000_000L;

    private boolean reminds(byte[] frame) {
        TcpHead segment = new TcpHead();
        int judged = Math.min(frame.length, FrameRules.HEAD_BYTES);
        assertTrue(segment.read(HandshakeAnswerTest.head(frame), 0, judged));
        return reminder.reminds(segment, nowNs);
    }

    private boolean sends(int sequence, int bytes) {
        return reminds(segment(1000, sequence, TcpHead.ACK, bytes));
    }

    /** A segment from machine 1 to the gateway; its checksums are not looked at. */
    static byte[] segment(int targetPort, int sequence, int flags, int bytes) {
        ByteBuffer frame = Frames.ethernet(Frames.GATEWAY_MAC, Frames.mac(1), 0x0800, 40 + bytes);
        frame.putShort((short) 0x4500).putShort((short) (40 + bytes)).putInt(0).putShort((short) 0x4006)
                .putShort((short) 0).putInt(Frames.ip(1)).putInt(Frames.GATEWAY_IP);
        frame.putShort((short) 7000).putShort((short) targetPort).putInt(sequence).putInt(77)
                .putShort((short) (0x5000 | flags)).putShort((short) 501).putInt(0);
        return frame.array();
    }

    @Test
    void onlyWhatIsSentAgainIsRemindedOf() {
        assertFalse(reminds(segment(1000, 99, SYN_ACK, 0)));
        assertFalse(sends(100, 0), "an ACK");
        assertFalse(sends(100, 50));
        assertFalse(sends(150, 50));
        assertTrue(sends(100, 50));
        assertTrue(sends(150, 50));
        assertTrue(sends(100, 100), "both in one segment");
        assertFalse(sends(150, 60), "ten bytes of it are new");
        assertFalse(sends(100, 0), "an ACK");
        assertFalse(reminds(segment(1001, 99, SYN_ACK, 0)), "another connection");
        assertFalse(reminds(segment(1000, 100, TcpHead.RST | TcpHead.ACK, 50)));
    }

    @Test
    void aConnectionFromBeforeIsRemindedOfOnce() {
        assertTrue(sends(100, 50));
        assertFalse(sends(150, 50));
    }

    @Test
    void sequenceNumbersWrap() {
        assertFalse(reminds(segment(1000, -100, SYN_ACK, 0)));
        assertFalse(sends(-99, 200));
        assertFalse(sends(101, 200));
        assertTrue(sends(-99, 200));
    }

    @Test
    void theFrameIsAByteFromTheFuture() {
        sends(100, 50);
        ScatterList list = new ScatterList(1);
        assertEquals(55, reminder.frame(list));
        byte[] frame = HandshakeAnswerTest.bytes(list);
        byte[] expected = segment(1000, 150 + AckReminder.FUTURE_BYTES, TcpHead.ACK, 1);
        for (int checksum : new int[] {24, 25, 50, 51}) {
            expected[checksum] = frame[checksum];
        }
        assertEquals(ByteBuffer.wrap(expected), ByteBuffer.wrap(frame));
        assertEquals(0xffff, HandshakeAnswerTest.sum(0, frame, 14, 34));
        byte[] even = java.util.Arrays.copyOf(frame, 56);
        assertEquals(0xffff, HandshakeAnswerTest.sum(6 + 21, even, 26, 56));
    }

    @Test
    void manyConnectionsCostABoundedNumberOfFrames() {
        Random random = new Random(2);
        int reminders = 0;
        for (int i = 0; i < 100_000; i++) {
            reminders += reminds(segment(random.nextInt(60_000), random.nextInt(), TcpHead.ACK, 10)) ? 1 : 0;
        }
        assertEquals(AckReminder.MAX_PER_SECOND, reminders);
        nowNs += 1_000_000_000L;
        assertTrue(sends(100, 50), "the next second");
    }
}
