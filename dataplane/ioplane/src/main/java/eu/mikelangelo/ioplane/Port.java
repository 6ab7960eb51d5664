package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.link.HostLink;
import eu.mikelangelo.ioplane.observe.Capture;
import eu.mikelangelo.ioplane.observe.LatencyHistogram;
import eu.mikelangelo.ioplane.observe.QueueCounters;
import eu.mikelangelo.ioplane.policy.PortRules;
import eu.mikelangelo.metrics.Counters;
import eu.mikelangelo.virtio.NetReceive;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.QueueFault;
import eu.mikelangelo.virtio.SplitQueue;

/**
 * One machine's network card: a receive and a transmit queue, the addresses it must use, its uplink and its counters.
 * Directions are the guest's: {@code tx} is what the guest sent and the plane took, {@code rx} what was delivered to
 * the guest. Where there is a {@link HostLink}, an interface of the host takes the guest's place and the queues stay
 * detached.
 *
 * <p>Threading: the core that owns it; counters, {@link #name}, {@link #config} and {@link #fault} may be read by any
 * thread.
 */
public final class Port {
    /** The block of counters: those of the receive queue, those of the transmit queue, and the port's own. */
    private static final int RX = 0;
    private static final int TX = QueueCounters.COUNT;
    static final int RX_FRAMES = RX + QueueCounters.FRAMES;
    static final int RX_BYTES = RX + QueueCounters.BYTES;
    static final int TX_FRAMES = TX + QueueCounters.FRAMES;
    static final int TX_BYTES = TX + QueueCounters.BYTES;
    static final int UPLINK_CONNECTS = TX + QueueCounters.COUNT;
    static final int UPLINK_BAD_FRAMES = UPLINK_CONNECTS + 1;
    static final int CAPTURED = UPLINK_CONNECTS + 2;
    static final int CAPTURE_LOST = UPLINK_CONNECTS + 3;
    static final int FIRST_DROP = UPLINK_CONNECTS + 4;

    /** How many drop reasons there are; values() would allocate. */
    static final int DROPS = Drop.values().length;

    /** The front-end has not said which MTU its guest was told. */
    static final int UNKNOWN_MTU = 0;

    /** Patience with a receiver without buffers, see {@link Switch}. */
    static final long MAX_PATIENCE_NS = 2_000_000;

    private final PortConfig config;
    private final Counters counters = new Counters(FIRST_DROP + DROPS);
    final QueueCounters rxCounters = new QueueCounters(counters, RX);
    final QueueCounters txCounters = new QueueCounters(counters, TX);
    final LatencyHistogram latency = new LatencyHistogram();
    private volatile QueueFault fault = QueueFault.NONE;
    private volatile boolean uplinkConnected;
    private volatile int mtu = UNKNOWN_MTU;

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
    /** The interface of the host behind this port; null where a guest is. */
    final HostLink link;
    long linkToken;
    /** The link is watched and served. */
    boolean linked;
    /** Who gets a copy of each frame; null for nobody. */
    Capture capture;

    /** Has staged used entries that are not published yet. */
    boolean touched;
    /** Used entries were published, and whether the guest is to be called for them was not looked at since. */
    boolean rxPublished;
    boolean txPublished;
    /** A frame at the head of the transmit queue waits for this port to offer buffers; null when none does. */
    Port waitsFor;
    /** How many frames that port has had which were made of it; 0 when it goes as it is. */
    int frameParts;
    /** Somebody waits for receive buffers of this port since then; only meaningful with {@link #awaited}. */
    long awaitedSinceNs;
    boolean awaited;
    long patienceNs = MAX_PATIENCE_NS;
    /** As {@link #awaited}, for frames from the port's own uplink. */
    long uplinkSinceNs;
    boolean uplinkWaits;
    boolean uplinkStalled;
    /** As {@link #frameParts}, for the frame from the uplink that waits. */
    int uplinkParts;
    /** What is asked of it beyond its addresses. */
    final PortRules rules;
    /** Gets frames to addresses that nobody has shown: it may have any, or one that found no place in the table. */
    boolean takesUnknown;

    /** The source and the target that {@link QuickPath} met last, and at which state of the MAC table and when. */
    long learnedMac = PortConfig.ANY_MAC;
    long learnedAt;
    long learnedNs;
    long foundMac = PortConfig.ANY_MAC;
    long foundAt;
    long foundNs;
    int foundSlot;

    Port(PortConfig config) {
        this(config, null);
    }

    Port(PortConfig config, HostLink link) {
        this.config = config;
        this.link = link;
        rules = new PortRules(config.policy());
    }

    /** @return why the interface of the host behind this port is closed for good; empty: it is not, or there is none */
    public String linkTrouble() {
        return link == null ? "" : link.trouble();
    }

    /** Whether frames can be delivered. */
    boolean open() {
        return link == null ? rx.queue().working() : linked;
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
        return rxCounters.calls() + txCounters.calls();
    }

    /** @return notifications taken from the guest */
    public long kicks() {
        return rxCounters.kicks() + txCounters.kicks();
    }

    /** @return what is counted of the receive queue */
    public QueueCounters rxCounters() {
        return rxCounters;
    }

    /** @return what is counted of the transmit queue */
    public QueueCounters txCounters() {
        return txCounters;
    }

    /**
     * @return how long bursts of the transmit queue took: from the turn's begin, or the end of the work before in the
     *         same turn, until their used indices were published and the guests called that wanted to be
     */
    public LatencyHistogram latency() {
        return latency;
    }

    /** @return frames that captures of this port have kept */
    public long captured() {
        return counters.get(CAPTURED);
    }

    /** @return frames that captures of this port have lost, for their reader was slower than they came */
    public long captureLost() {
        return counters.get(CAPTURE_LOST);
    }

    /** @return how often the uplink was connected */
    public long uplinkConnects() {
        return counters.get(UPLINK_CONNECTS);
    }

    /** @return whether the uplink is connected now, or the interface of the host behind this port is up */
    public boolean uplinkConnected() {
        return link == null ? uplinkConnected : link.connected();
    }

    /** @return how often the uplink was closed for a frame length that cannot be */
    public long uplinkBadFrames() {
        return counters.get(UPLINK_BAD_FRAMES);
    }

    /** @return why a queue of this port is no longer served, or {@link QueueFault#NONE} */
    public QueueFault fault() {
        return fault;
    }

    /** @return bytes of payload that the guest's frames have at most, as its front-end says; 0 when it has not */
    public int mtu() {
        return mtu;
    }

    void mtu(int bytes) {
        mtu = bytes;
    }

    void fault(QueueFault reason) {
        fault = reason;
    }

    /** Notes why a queue is no longer served; the first reason stays. */
    void note(QueueFault reason) {
        if (reason != QueueFault.NOT_ATTACHED && fault == QueueFault.NONE) {
            fault = reason;
        }
    }

    void uplinkConnected(boolean now) {
        uplinkConnected = now;
    }

    void remove() {
        if (capture != null) {
            capture.orphan();
        }
        capture = null;
    }

    /** @throws eu.mikelangelo.linux.LinuxException when there is no memory */
    Capture newCapture(int snap, int ringBytes) {
        return new Capture(counters, CAPTURED, CAPTURE_LOST, snap, ringBytes);
    }

    void count(int counter, long amount) {
        counters.add(counter, amount);
    }

    void drop(Drop reason) {
        counters.add(FIRST_DROP + reason.ordinal(), 1);
    }

    /** Gives up both queues of a guest that cannot be served; the core goes on. */
    void breakDown(QueueFault reason) {
        waitsFor = null;
        awaited = false;
        if (link != null) {
            // There is no guest behind it whose memory could be gone.
            if (reason == QueueFault.INTERNAL) {
                link.fail(reason.text());
            }
            return;
        }
        rx.queue().breakQueue(reason);
        tx.queue().breakQueue(reason);
        fault = reason;
    }
}
