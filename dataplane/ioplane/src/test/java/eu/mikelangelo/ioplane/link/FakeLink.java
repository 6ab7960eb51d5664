package eu.mikelangelo.ioplane.link;

import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.NetOffload;
import eu.mikelangelo.virtio.NetReceive;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** An interface of the host in memory, with as much room as the test says. */
public final class FakeLink implements HostLink {
    /** Frames from the host that wait to be shown; one of no bytes is malformed. */
    public final ArrayDeque<byte[]> arriving = new ArrayDeque<>();
    /** Frames that were flushed to the host. */
    public final List<byte[]> sent = new ArrayList<>();
    public final List<byte[]> gathered = new ArrayList<>();
    public int room = Integer.MAX_VALUE;
    public int lost;
    public long mac = NO_MAC;
    public boolean down;
    private final Region memory = new Region(Arena.ofAuto().allocate(12 + NetTransmit.MAX_FRAME, 8));
    private final ScatterList pieces = new ScatterList(1);
    private String trouble = "";

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public int fd() {
        return -1;
    }

    @Override
    public long mac() {
        return mac;
    }

    @Override
    public void begin(HotCalls calls) {
        // It makes none.
    }

    @Override
    public void ready(boolean mayRead, boolean mayWrite, boolean ended) {
        // It is always looked at.
    }

    @Override
    public void turn(long nowNs) {
        // Nothing is left over.
    }

    @Override
    public long deadlineNs() {
        return Long.MAX_VALUE;
    }

    @Override
    public int peek() {
        byte[] frame = arriving.peek();
        if (frame == null) {
            return NetTransmit.EMPTY;
        }
        MemorySegment.copy(frame, 0, memory.segment(), ValueLayout.JAVA_BYTE, 12, frame.length);
        pieces.clear();
        pieces.add(memory, 0, 12 + frame.length);
        return frame.length == 0 ? NetTransmit.MALFORMED : NetTransmit.FRAME;
    }

    @Override
    public ScatterList pieces() {
        return pieces;
    }

    @Override
    public int start() {
        return 12;
    }

    @Override
    public int length() {
        return arriving.element().length;
    }

    @Override
    public void done() {
        arriving.remove();
    }

    @Override
    public NetOffload offload() {
        return new NetOffload();
    }

    @Override
    public boolean takes(NetOffload offload) {
        return offload.plain();
    }

    @Override
    public int deliver(ScatterList frame, long from, int length, NetOffload offload) {
        if (down || !trouble.isEmpty()) {
            return NetReceive.CLOSED;
        }
        if (gathered.size() >= room) {
            return NetReceive.NO_BUFFERS;
        }
        byte[] bytes = new byte[length];
        Region flat = new Region(Arena.ofAuto().allocate(length));
        frame.read(from, flat, 0, length);
        MemorySegment.copy(flat.segment(), ValueLayout.JAVA_BYTE, 0, bytes, 0, length);
        gathered.add(bytes);
        return NetReceive.DELIVERED;
    }

    @Override
    public void flush() {
        sent.addAll(gathered);
        gathered.clear();
    }

    @Override
    public int takeLost() {
        int taken = lost;
        lost = 0;
        return taken;
    }

    @Override
    public int takeMissed() {
        return 0;
    }

    @Override
    public boolean connected() {
        return !down;
    }

    @Override
    public String trouble() {
        return trouble;
    }

    @Override
    public void fail(String reason) {
        trouble = trouble.isEmpty() ? reason : trouble;
    }

    @Override
    public void close() {
        fail("closed");
    }
}
