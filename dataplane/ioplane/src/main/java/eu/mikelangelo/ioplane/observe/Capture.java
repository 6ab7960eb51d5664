package eu.mikelangelo.ioplane.observe;

import eu.mikelangelo.linux.Mappings;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.metrics.Counters;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A mirror of a port's frames, both directions: the core copies the beginning of each into a bounded ring, another
 * thread takes them out. The core never waits: what finds the ring full is counted as lost. The ring's memory is there
 * only while the capture is.
 *
 * <p>A frame lies in the ring in one piece: {@value #HEADER_BYTES} bytes of description, its bytes, and padding to 8.
 * Where that would cross the ring's end it begins at the start, behind a mark. The two positions only grow; the
 * producer's is stored with release after the frame, the consumer's with release after the frame was read, and each is
 * loaded with acquire by the other side.
 *
 * <p>Threading: {@link #frame} by the core that serves the port, {@link #drain} by one other thread, {@link #close} by
 * that one when the core has let go of it ({@link eu.mikelangelo.ioplane.IoCore#endCapture}).
 */
public final class Capture implements AutoCloseable {
    /** Bytes of the ring. */
    public static final int RING_BYTES = 4 << 20;
    /** The most that may be kept of a frame: the longest whole. */
    public static final int MAX_SNAP = NetTransmit.MAX_FRAME;

    static final int HEADER_BYTES = 24;
    private static final int SIZE = 0;
    private static final int CAPTURED = 4;
    private static final int LENGTH = 8;
    private static final int FROM_GUEST = 12;
    private static final int TIME = 16;
    private static final int ALIGN = 8;
    /** In place of a size: the next frame is at the ring's start. */
    private static final int WRAP = 0;

    private static final VarHandle PRODUCED;
    private static final VarHandle CONSUMED;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            PRODUCED = lookup.findVarHandle(Capture.class, "produced", long.class);
            CONSUMED = lookup.findVarHandle(Capture.class, "consumed", long.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final Arena arena = Arena.ofShared();
    private final Region ring;
    private final int ringBytes;
    private final Counters counters;
    private final int kept;
    private final int lost;
    private volatile boolean orphaned;
    private final int snap;
    private long produced;
    private long consumed;
    /** The producer's: how far the consumer was when it last looked. */
    private long room;

    /** Where frames go that are taken out. */
    public interface Sink {
        /**
         * @param timeNs when the turn began in which the core took or delivered it, by
         *        {@link eu.mikelangelo.linux.Clock}
         * @param fromGuest whether the guest sent it
         * @param length bytes of the frame
         * @param memory where its first {@code captured} bytes are, at {@code at}, until this method returns
         * @return false when there is no room now: it stays
         */
        boolean take(long timeNs, boolean fromGuest, int length, Region memory, long at, int captured);
    }

    /**
     * @param counters the port's, which the core writes
     * @param kept which of them counts the frames kept
     * @param lost which of them counts those lost
     * @param snap bytes kept of each frame, 1 to {@link #MAX_SNAP}
     * @throws eu.mikelangelo.linux.LinuxException when there is no memory
     */
    public Capture(Counters counters, int kept, int lost, int snap, int ringBytes) {
        if (snap < 1 || snap > MAX_SNAP) {
            throw new IllegalArgumentException(snap + " bytes of each frame; 1 to " + MAX_SNAP + " are possible");
        }
        this.counters = counters;
        this.kept = kept;
        this.lost = lost;
        this.snap = snap;
        this.ringBytes = ringBytes;
        ring = new Region(Mappings.anonymous(ringBytes, false, false, arena));
        room = ringBytes;
    }

    /** @return bytes kept of each frame */
    public int snap() {
        return snap;
    }

    /** @return whether its port is no longer served: nothing will come any more */
    public boolean orphaned() {
        return orphaned;
    }

    /** The core: its port is no longer served. */
    public void orphan() {
        orphaned = true;
    }

    /**
     * The core: a frame was taken from the guest or delivered to it.
     *
     * @param frame its bytes, from the list's start on
     * @param length how many
     */
    public void frame(ScatterList frame, int length, boolean fromGuest, long nowNs) {
        int captured = Math.min(length, snap);
        int size = HEADER_BYTES + (captured + ALIGN - 1 & -ALIGN);
        long begin = produced;
        int at = (int) (begin & ringBytes - 1);
        int skipped = size > ringBytes - at ? ringBytes - at : 0;
        long end = begin + skipped + size;
        if (end > room) {
            // Acquire: what lies before was read, so that it may be overwritten.
            room = (long) CONSUMED.getAcquire(this) + ringBytes;
            if (end > room) {
                counters.add(lost, 1);
                return;
            }
        }
        if (skipped > 0) {
            ring.u32(at + SIZE, WRAP);
            at = 0;
        }
        ring.u32(at + SIZE, size);
        ring.u32(at + CAPTURED, captured);
        ring.u32(at + LENGTH, length);
        ring.u32(at + FROM_GUEST, fromGuest ? 1 : 0);
        ring.u64(at + TIME, nowNs);
        frame.read(0, ring, at + HEADER_BYTES, captured);
        // Release: the frame is there before the position that announces it.
        PRODUCED.setRelease(this, end);
        counters.add(kept, 1);
    }

    /**
     * The consumer: gives what has come to {@code sink}, in order.
     *
     * @param most frames at most
     * @return how many the sink took
     */
    public int drain(int most, Sink sink) {
        long end = (long) PRODUCED.getAcquire(this);
        long at = consumed;
        int taken = 0;
        while (taken < most && at < end) {
            int offset = (int) (at & ringBytes - 1);
            int size = ring.u32(offset + SIZE);
            if (size == WRAP) {
                at += ringBytes - offset;
                continue;
            }
            if (!sink.take(ring.u64(offset + TIME), ring.u32(offset + FROM_GUEST) != 0, ring.u32(offset + LENGTH), ring,
                    offset + HEADER_BYTES, ring.u32(offset + CAPTURED))) {
                break;
            }
            at += size;
            taken++;
        }
        CONSUMED.setRelease(this, at);
        return taken;
    }

    /** Gives the memory back. Twice is no error. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
