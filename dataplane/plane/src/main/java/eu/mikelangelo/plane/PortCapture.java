package eu.mikelangelo.plane;

import eu.mikelangelo.ioplane.observe.Capture;
import eu.mikelangelo.ioplane.IoCore;
import eu.mikelangelo.ioplane.Port;
import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.plane.api.Pcap;
import eu.mikelangelo.plane.api.Response;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.Arrays;

/** A capture of a port as records of pcap. One thread at a time. */
final class PortCapture implements AutoCloseable {
    /** How often an empty ring is looked at: nobody wakes the reader, for that would cost the core. */
    private static final long LOOK_MS = 5;
    private static final long SECOND_NS = 1_000_000_000;

    private final IoCore core;
    private final Port port;
    private final Capture capture;
    private final Runnable ended;
    private final byte[] bytes = new byte[Response.Captured.MAX_BYTES];
    private final ByteBuffer records = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    /** What the core's clock shows in nanoseconds since 1970, less the clock. */
    private final long epochNs;
    private final long lostBefore;

    /**
     * Begins.
     *
     * @param ended called once when it ends
     * @throws IllegalArgumentException for a snap length that cannot be
     * @throws IllegalStateException when the port is captured already or gone
     */
    PortCapture(IoCore core, Port port, int snap, Runnable ended) {
        this.core = core;
        this.port = port;
        this.ended = ended;
        Instant now = Instant.now();
        epochNs = now.getEpochSecond() * SECOND_NS + now.getNano() - Clock.nowNs();
        lostBefore = port.captureLost();
        capture = core.capture(port, snap);
    }

    /** See {@link eu.mikelangelo.plane.api.Request.ReadCapture}. */
    Response.Captured read(int most, long waitMs) throws InterruptedException {
        records.clear();
        // Before the look: what came until the port was gone is then found by it.
        boolean orphaned = capture.orphaned();
        int frames = capture.drain(most, this::put);
        long deadlineNs = Clock.nowNs() + waitMs * 1_000_000;
        while (frames == 0 && !orphaned && Clock.nowNs() - deadlineNs < 0) {
            Thread.sleep(LOOK_MS);
            orphaned = capture.orphaned() || !core.alive();
            frames = capture.drain(most, this::put);
        }
        return new Response.Captured(Arrays.copyOf(bytes, records.position()), frames,
                port.captureLost() - lostBefore, orphaned && frames == 0);
    }

    private boolean put(long timeNs, boolean fromGuest, int length, Region memory, long at, int captured) {
        if (records.remaining() < Pcap.RECORD_BYTES + captured) {
            return false;
        }
        Pcap.record(records, epochNs + timeNs, captured, length);
        MemorySegment.copy(memory.segment(), ValueLayout.JAVA_BYTE, at, bytes, records.position(), captured);
        records.position(records.position() + captured);
        return true;
    }

    @Override
    public void close() {
        core.endCapture(port, capture);
        ended.run();
    }
}
