package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.policy.PortRules;
import eu.mikelangelo.metrics.Counters;
import eu.mikelangelo.virtio.NetReceive;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.QueueFault;
import eu.mikelangelo.virtio.SplitQueue;

/**
 * One machine's network card: a receive and a transmit queue, the addresses it must use, its uplink and its counters.
 * Directions are the guest's: {@code tx} is what the guest sent and the plane took, {@code rx} what was delivered to
 * the guest.
 *
 * <p>Threading: the core that owns it; counters, {@link #name}, {@link #config} and {@link #fault} may be read by any
 * thread.
 */
public final class Port {
    static final int RX_FRAMES = 0;
    static final int RX_BYTES = 1;
    static final int TX_FRAMES = 2;
    static final int TX_BYTES = 3;
    static final int CALLS = 4;
    static final int KICKS = 5;
    static final int UPLINK_CONNECTS = 6;
    static final int UPLINK_BAD_FRAMES = 7;
    static final int FIRST_DROP = 8;

    /** How many drop reasons there are; values() would allocate. */
    static final int DROPS = Drop.values().length;

    /** Patience with a receiver without buffers, see {@link Switch}. */
    static final long MAX_PATIENCE_NS = 2_000_000;

    private final PortConfig config;
    private final Counters counters = new Counters(FIRST_DROP + DROPS);
    private volatile QueueFault fault = QueueFault.NONE;
    private volatile boolean uplinkConnected;

    final NetReceive rx = new NetReceive(new SplitQueue());
    final NetTransmit tx = new NetTransmit(new SplitQueue());
    int slot = -1;
    int rxKickFd = -1;
    long rxKickToken;
    int rxCallFd = -1;
    int txKickFd = -1;
    long txKickToken;
    int txCallFd = -1;
    Outlet outlet;

    /** Has staged used entries that are not published yet. */
    boolean touched;
    /** Used entries were published, and whether the guest is to be called for them was not looked at since. */
    boolean rxPublished;
    boolean txPublished;
    /** A frame at the head of the transmit queue waits for this port to offer buffers; null when none does. */
    Port waitsFor;
    /** Somebody waits for receive buffers of this port since then; only meaningful with {@link #awaited}. */
    long awaitedSinceNs;
    boolean awaited;
    long patienceNs = MAX_PATIENCE_NS;
    /** As {@link #awaited}, for frames from the port's own uplink. */
    long uplinkSinceNs;
    boolean uplinkWaits;
    boolean uplinkStalled;
    /** What is asked of it beyond its addresses. */
    final PortRules rules;
    /** Gets frames to addresses that nobody has shown: it may have any, or one that found no place in the table. */
    boolean takesUnknown;

    Port(PortConfig config) {
        this.config = config;
        rules = new PortRules(config.policy());
    }

    /** @return what it was made from */
    public PortConfig config() {
        return config;
    }

    /** @return the name it was given */
    public String name() {
        return config.name();
    }

    /** @return frames delivered to the guest */
    public long rxFrames() {
        return counters.get(RX_FRAMES);
    }

    /** @return bytes of frames delivered to the guest, without virtio headers */
    public long rxBytes() {
        return counters.get(RX_BYTES);
    }

    /** @return frames that the guest sent and the plane took, dropped ones included */
    public long txFrames() {
        return counters.get(TX_FRAMES);
    }

    /** @return bytes of frames that the guest sent and the plane took */
    public long txBytes() {
        return counters.get(TX_BYTES);
    }

    /** @return frames lost for this reason */
    public long drops(Drop reason) {
        return counters.get(FIRST_DROP + reason.ordinal());
    }

    /** @return interrupts asked of the guest */
    public long calls() {
        return counters.get(CALLS);
    }

    /** @return notifications taken from the guest */
    public long kicks() {
        return counters.get(KICKS);
    }

    /** @return how often the uplink was connected */
    public long uplinkConnects() {
        return counters.get(UPLINK_CONNECTS);
    }

    /** @return whether the uplink is connected now */
    public boolean uplinkConnected() {
        return uplinkConnected;
    }

    /** @return how often the uplink was closed for a frame length that cannot be */
    public long uplinkBadFrames() {
        return counters.get(UPLINK_BAD_FRAMES);
    }

    /** @return why a queue of this port is no longer served, or {@link QueueFault#NONE} */
    public QueueFault fault() {
        return fault;
    }

    void fault(QueueFault reason) {
        fault = reason;
    }

    void uplinkConnected(boolean now) {
        uplinkConnected = now;
    }

    void count(int counter, long amount) {
        counters.add(counter, amount);
    }

    void drop(Drop reason) {
        counters.add(FIRST_DROP + reason.ordinal(), 1);
    }

    /** Gives up both queues of a guest that cannot be served; the core goes on. */
    void breakDown(QueueFault reason) {
        rx.queue().breakQueue(reason);
        tx.queue().breakQueue(reason);
        waitsFor = null;
        awaited = false;
        fault = reason;
    }
}
