package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.policy.PortPolicy;
import java.nio.ByteBuffer;

/** What a switch with VLANs does with a frame for everyone, written down a second time and plainly. */
final class VlanModel {
    /** Why nobody gets it, or null. */
    final Drop why;
    private final PortPolicy from;
    private byte[] inner;
    private int vlan;
    private int priority;

    VlanModel(PortPolicy from, byte[] sent) {
        this.from = from;
        inner = sent;
        vlan = from.vlans().untagged();
        why = enter(sent);
    }

    private Drop enter(byte[] sent) {
        if (!from.vlans().aware()) {
            return null;
        }
        int type = type(sent);
        if (isTag(type) && (type != 0x8100 || !from.vlans().trunk())) {
            return Drop.TAGGED;
        }
        if (isTag(type)) {
            if (sent.length < 18) {
                return Drop.MALFORMED;
            }
            int control = ByteBuffer.wrap(sent).getShort(14) & 0xffff;
            inner = ByteBuffer.allocate(sent.length - 4).put(sent, 0, 12).put(sent, 16, sent.length - 16).array();
            priority = control & 0xf000;
            if ((control & 0xfff) != 0) {
                vlan = control & 0xfff;
                return carries(from, vlan) ? null : Drop.WRONG_VLAN;
            }
        }
        return vlan == 0 ? Drop.UNTAGGED : null;
    }

    /** @return the bytes at another port, or null */
    byte[] at(PortPolicy to) {
        if (why != null || !from.group().equals(to.group()) || from.vlans().aware() != to.vlans().aware()) {
            return null;
        }
        if (!to.vlans().aware()) {
            return inner;
        }
        if (to.vlans().untagged() == vlan) {
            return isTag(type(inner)) ? null : inner;
        }
        return carries(to, vlan) ? Frames.tagged(inner, 0x8100, priority | vlan) : null;
    }

    private static boolean carries(PortPolicy policy, int vlan) {
        return vlan > 0 && vlan < 4095 && policy.vlans().carries(vlan);
    }

    static boolean isTag(int type) {
        return type == 0x8100 || type == 0x88a8 || type == 0x9100;
    }

    private static int type(byte[] frame) {
        return ByteBuffer.wrap(frame).getShort(12) & 0xffff;
    }
}
