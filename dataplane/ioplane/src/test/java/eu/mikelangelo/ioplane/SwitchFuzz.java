package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.passt.AckReminder;
import eu.mikelangelo.ioplane.passt.HandshakeAnswer;
import eu.mikelangelo.ioplane.passt.TcpHead;
import eu.mikelangelo.ioplane.policy.PortPolicy;
import eu.mikelangelo.ioplane.policy.PortRules;
import eu.mikelangelo.ioplane.policy.Registry;
import eu.mikelangelo.ioplane.policy.VlanFrame;
import eu.mikelangelo.ioplane.policy.Vlans;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Fuzz target: what the switch decides about a frame of a guest. A frame that is let through carries the port's own
 * addresses, goes to the uplink only when it is for the gateway, and an answer to a handshake goes back to its sender;
 * between ports with VLANs it has the bytes that {@link VlanModel} says, or goes nowhere.
 */
public final class SwitchFuzz {
    private static final PortConfig PORT = new PortConfig("m1", Frames.mac(1), Frames.ip(1), null);
    private static final FrameRules RULES = new FrameRules(Frames.GATEWAY_MAC, Frames.GATEWAY_IP);

    private static final PortPolicy[] IN_VLANS = {PortPolicy.NONE.in(Vlans.access(1)),
        PortPolicy.NONE.in(Vlans.access(2)), PortPolicy.NONE.in(trunk(0, 1, 2048)),
        PortPolicy.NONE.in(trunk(1, 2, 4095)), PortPolicy.NONE.in(trunk(2, 300, 301))};

    /** Made once, for the native memory of each would last until a collection. */
    private static final int MOST = 65_536;
    private static final Region WHOLE = new Region(Arena.ofAuto().allocate(MOST, 8));
    private static final Region FLAT = new Region(Arena.ofAuto().allocate(MOST + VlanFrame.TAG_BYTES, 8));
    private static final Region HEAD = new Region(Arena.ofAuto().allocate(FrameRules.HEAD_BYTES + VlanFrame.TAG_BYTES,
            8));
    private static final VlanFrame VLANS = new VlanFrame(2);
    private static final ScatterList UNTAGGED = new ScatterList(2);
    private static final PortRules[] PORTS = new PortRules[IN_VLANS.length];

    static {
        Registry registry = new Registry(PORTS.length);
        for (int i = 0; i < PORTS.length; i++) {
            PORTS[i] = new PortRules(IN_VLANS[i]);
            PORTS[i].join(registry, 0);
        }
    }

    private SwitchFuzz() {
    }

    private static Vlans trunk(int nativeVlan, int from, int to) {
        BitSet set = new BitSet();
        set.set(from, to);
        return Vlans.trunk(set, nativeVlan);
    }

    /** The input is a frame; one shorter than a header never reaches the rules. */
    public static void fuzzerTestOneInput(byte[] frame) {
        if (frame.length < FrameRules.ETHER_HEADER || frame.length > MOST) {
            return;
        }
        vlans(frame);
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

    private static void vlans(byte[] frame) {
        for (int from = 0; from < PORTS.length; from++) {
            MemorySegment.copy(frame, 0, WHOLE.segment(), ValueLayout.JAVA_BYTE, 0, frame.length);
            int judged = Math.min(frame.length, (int) HEAD.size());
            Region.copy(WHOLE, 0, HEAD, 0, judged);
            VlanModel model = new VlanModel(IN_VLANS[from], frame);
            int domain = VLANS.enter(PORTS[from], HEAD, judged);
            if (domain < 0 != (model.why != null)) {
                throw new AssertionError("domain " + domain + ", but " + model.why);
            }
            UNTAGGED.clear();
            UNTAGGED.add(HEAD, 0, judged - VLANS.removed());
            UNTAGGED.add(WHOLE, judged, frame.length - judged);
            for (int to = 0; domain >= 0 && to < PORTS.length; to++) {
                ScatterList form = PORTS[to].in(domain) ? VLANS.leave(PORTS[to], UNTAGGED) : null;
                if (!Arrays.equals(bytes(form), model.at(IN_VLANS[to]))) {
                    throw new AssertionError("another frame than the model's from " + from + " to " + to);
                }
            }
        }
    }

    private static byte[] bytes(ScatterList list) {
        if (list == null) {
            return null;
        }
        list.read(0, FLAT, 0, (int) list.bytes());
        return FLAT.segment().asSlice(0, list.bytes()).toArray(ValueLayout.JAVA_BYTE);
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
