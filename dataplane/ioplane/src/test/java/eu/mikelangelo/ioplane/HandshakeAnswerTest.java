package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.passt.HandshakeAnswer;
import eu.mikelangelo.ioplane.passt.TcpHead;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Golden frames: a SYN-ACK as Linux 6.1 sent it to passt, and what passt's own ACK would have been. */
class HandshakeAnswerTest {
    private static final HexFormat HEX = HexFormat.of();
    /** 10.187.0.2.7000 > 10.187.0.1.53028: Flags [S.], seq 3747267834, ack 3497359807, options mss, nop, wscale 5. */
    static final byte[] SYN_ACK = HEX.parseHex("024dff000001024d000000020800"
            + "450000300000400040062550" + "0abb0002" + "0abb0001"
            + "1b58cf24" + "df5ac4fa" + "d07579bf" + "7012ffc8" + "9bac0000" + "0204ffc8" + "01030305");
    /** The same connection's numbers; passt's checksum of its first segment differs by flags, numbers and window. */
    static final byte[] ACK = HEX.parseHex("024d00000002024dff0000010800"
            + "450000280000000040066558" + "0abb0001" + "0abb0002"
            + "cf241b58" + "d07579bf" + "df5ac4fb" + "50100039" + "c11a0000");

    private final HandshakeAnswer answer = new HandshakeAnswer();

    private byte[] answer(byte[] frame) {
        TcpHead segment = new TcpHead();
        ScatterList list = new ScatterList(1);
        if (!segment.read(head(frame), 0, Math.min(frame.length, FrameRules.HEAD_BYTES)) || !answer.answers(segment)) {
            return null;
        }
        assertEquals(answer.frame(list), list.bytes());
        return bytes(list);
    }

    /** The private copy of a frame's first bytes, as the switch makes it. */
    static Region head(byte[] frame) {
        Region head = new Region(Arena.ofAuto().allocate(FrameRules.HEAD_BYTES, 8));
        MemorySegment.copy(frame, 0, head.segment(), ValueLayout.JAVA_BYTE, 0,
                Math.min(frame.length, FrameRules.HEAD_BYTES));
        return head;
    }

    static byte[] bytes(ScatterList list) {
        byte[] bytes = new byte[Math.toIntExact(list.bytes())];
        Region copy = new Region(Arena.ofAuto().allocate(64, 8));
        list.read(0, copy, 0, bytes.length);
        MemorySegment.copy(copy.segment(), ValueLayout.JAVA_BYTE, 0, bytes, 0, bytes.length);
        return bytes;
    }

    private static byte[] with(int at, int value) {
        byte[] frame = SYN_ACK.clone();
        frame[at] = (byte) value;
        return frame;
    }

    @Test
    void endsTheHandshake() {
        assertEquals(HEX.formatHex(ACK), HEX.formatHex(answer(SYN_ACK)));
    }

    @Test
    void findsTcpBehindOptionsOfIp() {
        byte[] frame = new byte[SYN_ACK.length + 40];
        System.arraycopy(SYN_ACK, 0, frame, 0, 34);
        Arrays.fill(frame, 34, 74, (byte) 1);
        System.arraycopy(SYN_ACK, 34, frame, 74, SYN_ACK.length - 34);
        frame[14] = 0x4f;
        frame[17] = (byte) (0x30 + 40);
        assertEquals(HEX.formatHex(ACK), HEX.formatHex(answer(frame)));
        assertNull(answer(Arrays.copyOf(frame, 93)), "TCP's header is not whole");
    }

    @Test
    void wrapsTheSequenceNumber() {
        byte[] frame = SYN_ACK.clone();
        Arrays.fill(frame, 38, 42, (byte) 0xff);
        assertArrayEquals(new byte[4], Arrays.copyOfRange(answer(frame), 42, 46));
    }

    @ParameterizedTest
    @CsvSource({"47,0x10,ACK", "47,0x02,SYN", "47,0x13,SYN FIN ACK", "47,0x16,SYN RST ACK", "13,0x06,ARP",
            "12,0x86,IPv6", "14,0x65,version 6", "14,0x44,short header", "14,0x4f,header as long as the frame",
            "17,0x27,no room for TCP", "20,0x20,first fragment", "21,0x01,later fragment", "23,0x11,UDP"})
    void leavesTheRestAlone(int at, String value, String why) {
        assertNull(answer(with(at, Integer.decode(value))), why);
    }

    @Test
    void windowAndEcnBitsDoNotMatter() {
        assertTrue(answer(with(47, 0x12 | 0x40)) != null, "ECE, RFC 3168");
    }

    /** Any frame: either no answer, or one whose checksums are right. */
    @Test
    void checksumsAreRightWhateverItIsGiven() {
        Random random = new Random(3);
        int answered = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] frame = Arrays.copyOf(SYN_ACK, 14 + random.nextInt(90));
            for (int n = random.nextInt(4); n > 0; n--) {
                frame[random.nextInt(frame.length)] = (byte) random.nextInt();
            }
            byte[] got = answer(frame);
            if (got != null) {
                answered++;
                assertEquals(0xffff, sum(0, got, 14, 34));
                assertEquals(0xffff, sum(6 + 20, got, 26, 54));
            }
        }
        assertTrue(answered > 5_000, answered + " answered");
        assertFalse(answered == 20_000);
    }

    /** RFC 1071, in the order of the network: independent of how the answer was summed. */
    static int sum(int start, byte[] bytes, int from, int to) {
        long sum = start;
        for (int i = from; i < to; i += 2) {
            sum += (bytes[i] & 0xff) << 8 | bytes[i + 1] & 0xff;
        }
        return (int) (sum % 0xffff == 0 ? 0xffff : sum % 0xffff);
    }
}
