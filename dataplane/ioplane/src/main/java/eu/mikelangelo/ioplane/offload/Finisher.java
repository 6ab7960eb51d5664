package eu.mikelangelo.ioplane.offload;

import eu.mikelangelo.ioplane.observe.Capture;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.NetOffload;
import eu.mikelangelo.virtio.NetReceive;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;

/**
 * Does on a frame what its sender left to others and its receiver does not do: completes the checksum, and cuts it
 * into segments.
 *
 * <p>The work is done on a private copy of the whole frame. That is a second copy, and a guest that negotiated the
 * offloads never costs it.
 *
 * <pre>{@code
 * finisher.begin(frame, length, offload);
 * for (int bytes = finisher.next(); bytes > 0; bytes = finisher.next()) {
 *     send(finisher.list(), bytes);
 * }
 * }</pre>
 *
 * <p>Threading: one thread. Nothing is allocated per frame.
 */
public final class Finisher {
    /** The longest frame, and a VLAN tag that the switch put on. */
    private static final int MAX_BYTES = NetTransmit.MAX_FRAME + FrameShape.TAG;

    private final Region flat = new Region(Arena.ofAuto().allocate(MAX_BYTES, 8));
    private final ScatterList list = new ScatterList(2);
    private final Segmenter segmenter = new Segmenter();
    private boolean segmented;
    /** Of a frame that stays one, and is still to be handed out. */
    private int whole;
    private int frames;
    private int bytes;

    /**
     * Copies a frame.
     *
     * @param frame all of the frame, no more than {@link NetTransmit#MAX_FRAME} bytes and a VLAN tag
     * @param offload as {@link Admission} let it pass, or plain; with a tag put on or taken off since, shifted
     *     ({@link NetOffload#shift})
     */
    public void begin(ScatterList frame, int length, NetOffload offload) {
        frame.read(0, flat, 0, length);
        segmented = offload.segmented();
        whole = length;
        if (segmented) {
            segmenter.begin(flat, 0, length, offload);
        } else if (!offload.plain()) {
            Checksums.complete(flat, 0, length, offload.checksumStart(), offload.checksumPlace());
        }
    }

    /** Leaves out so many of the frames to come. */
    public void skip(int count) {
        if (segmented) {
            segmenter.skip(count);
        } else if (count > 0) {
            whole = 0;
        }
    }

    /** Makes the next frame; it is in {@link #list}. @return its length in bytes; 0 when there are no more */
    public int next() {
        if (segmented) {
            return segmenter.next(list);
        }
        int length = whole;
        whole = 0;
        list.clear();
        list.add(flat, 0, length);
        return length;
    }

    /** @return the frame that {@link #next} made, until it is called again */
    public ScatterList list() {
        return list;
    }

    /**
     * Delivers a frame finished.
     *
     * @param skip frames made of it that the receiver has had already
     * @param capture gets a copy of each frame delivered; null for nobody
     * @return as {@link NetReceive#deliver}, of the last frame tried; {@link #frames} were delivered
     */
    public int deliver(NetReceive to, ScatterList frame, int length, NetOffload offload, int skip, Capture capture,
            long nowNs) {
        frames = 0;
        bytes = 0;
        // Before the copy: a sender whose frame waits is asked again in each turn.
        if (to.queue().available() == 0) {
            return to.queue().working() ? NetReceive.NO_BUFFERS : NetReceive.CLOSED;
        }
        begin(frame, length, offload);
        skip(skip);
        for (int made = next(); made > 0; made = next()) {
            int result = to.deliver(list, 0, made);
            if (result != NetReceive.DELIVERED) {
                return result;
            }
            if (capture != null) {
                capture.frame(list, made, false, nowNs);
            }
            frames++;
            bytes += made;
        }
        return NetReceive.DELIVERED;
    }

    /** @return how many frames the last {@link #deliver} delivered */
    public int frames() {
        return frames;
    }

    /** @return how many bytes the frames had that the last {@link #deliver} delivered */
    public int bytes() {
        return bytes;
    }
}
