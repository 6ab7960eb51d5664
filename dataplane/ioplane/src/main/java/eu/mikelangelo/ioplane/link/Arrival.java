package eu.mikelangelo.ioplane.link;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.NetHeaderLayout;
import eu.mikelangelo.virtio.NetOffload;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;

/**
 * A frame as the kernel hands it over: what is left to do on it is read from its virtio-net header, and a VLAN tag that
 * was taken out is put back.
 *
 * <p>The kernel is trusted, but a number that does not fit makes a malformed frame all the same. One thread owns it.
 */
final class Arrival {
    /** Bytes before each frame shown, of no meaning. */
    static final int HEADER = NetHeaderLayout.SIZE;
    /** No VLAN tag was taken out. */
    static final int NO_TAG = -1;
    static final int ETHER_HEADER = 14;
    static final int MACS = 12;
    static final int TAG_BYTES = 4;

    private final Region front = new Region(Arena.ofAuto().allocate(HEADER + MACS + TAG_BYTES, 8));
    private final ScatterList pieces = new ScatterList(2);
    private final NetOffload offload = new NetOffload();
    private boolean held;
    private int length;

    /**
     * Begins to show a frame.
     *
     * @param memory where all of it lies
     * @param headerAt where its virtio-net header begins, of which the first ten bytes are read
     * @param frameAt where the frame begins
     * @param bytes of the frame
     * @param tag the VLAN tag that was taken out, type in the upper half; or {@link #NO_TAG}
     * @return {@link NetTransmit#FRAME}; or {@link NetTransmit#MALFORMED}, then nothing is held
     */
    int begin(Region memory, long headerAt, long frameAt, int bytes, int tag) {
        drop();
        long first = memory.u64(headerAt);
        int offset = memory.u16(headerAt + NetHeaderLayout.CHECKSUM_OFFSET);
        if (bytes < ETHER_HEADER || bytes + (tag == NO_TAG ? 0 : TAG_BYTES) > NetTransmit.MAX_FRAME
                || !NetHeaderLayout.plain(first) && !offload.read(first, offset, Features.NET_OFFERED, bytes)) {
            return NetTransmit.MALFORMED;
        }
        held = true;
        pieces.clear();
        if (tag == NO_TAG) {
            pieces.add(front, 0, HEADER);
            pieces.add(memory, frameAt, bytes);
            length = bytes;
        } else {
            Region.copy(memory, frameAt, front, HEADER, MACS);
            front.big32(HEADER + MACS, tag);
            pieces.add(front, 0, HEADER + MACS + TAG_BYTES);
            pieces.add(memory, frameAt + MACS, bytes - MACS);
            length = bytes + TAG_BYTES;
            offload.shift(TAG_BYTES);
        }
        return NetTransmit.FRAME;
    }

    /** @return whether a frame is shown */
    boolean held() {
        return held;
    }

    ScatterList pieces() {
        return pieces;
    }

    NetOffload offload() {
        return offload;
    }

    /** @return bytes of the frame shown, 0 when none is */
    int length() {
        return length;
    }

    /** Nothing is shown any more. */
    void drop() {
        offload.clear();
        held = false;
        length = 0;
    }
}
