package eu.mikelangelo.ioplane.link;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.NetHeaderLayout;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;

/**
 * A frame as the kernel hands it over, made into frames as they are on a wire: a checksum that was left to the device
 * is computed, a VLAN tag that was taken out is put back, and what was merged or not yet cut ({@link Segments}) is
 * shown piece by piece. The frame's bytes are not copied for that, only heads are.
 *
 * <p>The kernel is trusted, but a number that does not fit makes a malformed frame all the same. One thread owns it.
 */
final class Arrival {
    /** Bytes before each frame shown: a virtio-net header that says nothing. */
    static final int HEADER = NetHeaderLayout.SIZE;
    /** No VLAN tag was taken out. */
    static final int NO_TAG = -1;
    static final int ETHER_HEADER = 14;
    static final int MACS = 12;
    static final int TAG_BYTES = 4;

    /** {@code flags} and {@code gso_type} of the header (VIRTIO 1.3 section 5.1.6). */
    static final int NEEDS_CHECKSUM = 1;
    static final int GSO_NONE = 0;
    static final int GSO_TCP4 = 1;
    static final int GSO_TCP6 = 4;
    static final int GSO_UDP = 5;
    private static final int GSO_ECN = 0x80;

    /** The header, zero for ever; behind it the head of a frame where that is not the kernel's. */
    private final Region front = new Region(Arena.ofAuto().allocate(HEADER + Segments.MAX_HEAD, 8));
    private final ScatterList pieces = new ScatterList(3);
    private final Segments segments = new Segments(front, HEADER, pieces);
    private boolean held;
    private int length;

    /**
     * Begins to show a frame.
     *
     * @param memory where all of it lies, writable
     * @param headerAt where its virtio-net header begins, of which the first ten bytes are read
     * @param frameAt where the frame begins
     * @param bytes of the frame
     * @param tag the VLAN tag that was taken out, type in the upper half; or {@link #NO_TAG}
     * @return {@link NetTransmit#FRAME}; or {@link NetTransmit#MALFORMED}, then nothing is held
     */
    int begin(Region memory, long headerAt, long frameAt, int bytes, int tag) {
        held = false;
        length = 0;
        if (bytes < ETHER_HEADER) {
            return NetTransmit.MALFORMED;
        }
        int type = memory.u8(headerAt + NetHeaderLayout.GSO_TYPE) & ~GSO_ECN;
        int start = memory.u16(headerAt + NetHeaderLayout.CHECKSUM_START);
        boolean unfinished = (memory.u8(headerAt + NetHeaderLayout.FLAGS) & NEEDS_CHECKSUM) != 0;
        if (type != GSO_NONE) {
            held = unfinished && segments.begin(memory, frameAt, bytes, tag, type, start,
                    memory.u16(headerAt + NetHeaderLayout.GSO_SIZE));
            length = held ? segments.next() : 0;
        } else if (bytes + (tag == NO_TAG ? 0 : TAG_BYTES) <= NetTransmit.MAX_FRAME && (!unfinished
                || finish(memory, frameAt, bytes, start, memory.u16(headerAt + NetHeaderLayout.CHECKSUM_OFFSET)))) {
            held = true;
            whole(memory, frameAt, bytes, tag);
        }
        return held ? NetTransmit.FRAME : NetTransmit.MALFORMED;
    }

    /** The field holds the sum of the pseudo header already. @return false when it is not within the frame */
    private static boolean finish(Region memory, long frameAt, int bytes, int start, int offset) {
        if (start < ETHER_HEADER || start + offset + Short.BYTES > bytes) {
            return false;
        }
        long sum = InternetSum.add(0, memory, frameAt + start, bytes - start);
        // Never zero: to UDP that means none, and to all others it means the same (RFC 1624).
        memory.u16(frameAt + start + offset, InternetSum.finishUdp(sum));
        return true;
    }

    private void whole(Region memory, long frameAt, int bytes, int tag) {
        pieces.clear();
        if (tag == NO_TAG) {
            pieces.add(front, 0, HEADER);
            pieces.add(memory, frameAt, bytes);
            length = bytes;
            return;
        }
        Region.copy(memory, frameAt, front, HEADER, MACS);
        front.big32(HEADER + MACS, tag);
        pieces.add(front, 0, HEADER + MACS + TAG_BYTES);
        if (bytes > MACS) {
            pieces.add(memory, frameAt + MACS, bytes - MACS);
        }
        length = bytes + TAG_BYTES;
    }

    /** @return whether a frame is shown */
    boolean held() {
        return held;
    }

    ScatterList pieces() {
        return pieces;
    }

    /** @return bytes of the frame shown, 0 when none is */
    int length() {
        return length;
    }

    /** Takes the frame shown; the next piece of the same, if there is one, is shown now. */
    void done() {
        length = segments.next();
        held = length > 0;
    }

    /** Forgets the rest of it. */
    void drop() {
        segments.stop();
        held = false;
        length = 0;
    }
}
