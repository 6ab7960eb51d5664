package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.passt.AckReminder;
import eu.mikelangelo.ioplane.passt.HandshakeAnswer;
import eu.mikelangelo.ioplane.passt.TcpHead;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Fuzz target: what the switch decides about a frame of a guest. A frame that is let through carries the port's own
 * addresses, goes to the uplink only when it is for the gateway, and an answer to a handshake goes back to its sender.
 */
public final class SwitchFuzz {
    private static final PortConfig PORT = new PortConfig("m1", Frames.mac(1), Frames.ip(1), null);
    private static final FrameRules RULES = new FrameRules(Frames.GATEWAY_MAC, Frames.GATEWAY_IP);

    private SwitchFuzz() {
    }

    /** The input is a frame; one shorter than a header never reaches the rules. */
    public static void fuzzerTestOneInput(byte[] frame) {
        if (frame.length < FrameRules.ETHER_HEADER) {
            return;
        }
        int judged = Math.min(frame.length, FrameRules.HEAD_BYTES);
        Region head = new Region(Arena.ofAuto().allocate(FrameRules.HEAD_BYTES, 8));
        MemorySegment.copy(frame, 0, head.segment(), ValueLayout.JAVA_BYTE, 0, judged);
        int verdict = RULES.judge(head, judged, PORT);
        if (verdict < -Drop.values().length || verdict > FrameRules.UPLINK) {
            throw new AssertionError("verdict " + verdict);
        }
        if (verdict < 0) {
            return;
        }
        if (FrameRules.source(head) != Frames.mac(1)) {
            throw new AssertionError("spoofed MAC let through");
        }
        int type = head.u8(12) << 8 | head.u8(13);
        int sender = Integer.reverseBytes(head.u32(26));
        if (type == FrameRules.TYPE_IPV4 && sender != Frames.ip(1) && (sender != 0 || verdict != FrameRules.UPLINK)) {
            throw new AssertionError("spoofed address let through: " + Integer.toHexString(sender));
        }
        if (type == 0x8100 || type == 0x88a8) {
            throw new AssertionError("a tag hides what is inside");
        }
        TcpHead segment = new TcpHead();
        if (verdict == FrameRules.UPLINK && segment.read(head, 0, judged)) {
            aid(segment);
        }
    }

    private static void aid(TcpHead segment) {
        ScatterList list = new ScatterList(1);
        HandshakeAnswer answer = new HandshakeAnswer();
        if (answer.answers(segment)) {
            answer.frame(list);
            check(list, Frames.GATEWAY_MAC, Frames.mac(1), 30);
        }
        AckReminder reminder = new AckReminder();
        if (reminder.reminds(segment, 1_000_000_000L)) {
            reminder.frame(list);
            check(list, Frames.mac(1), Frames.GATEWAY_MAC, 26);
        }
    }

    private static void check(ScatterList list, long from, long to, int ownAddressAt) {
        Region frame = new Region(Arena.ofAuto().allocate(64, 8));
        list.read(0, frame, 0, Math.toIntExact(list.bytes()));
        if (FrameRules.source(frame) != from || FrameRules.target(frame) != to
                || Integer.reverseBytes(frame.u32(ownAddressAt)) != Frames.ip(1)) {
            throw new AssertionError("a frame of ours goes astray");
        }
    }
}
