package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.link.HostLink;
import eu.mikelangelo.ioplane.observe.Capture;
import eu.mikelangelo.ioplane.observe.LatencyHistogram;
import eu.mikelangelo.ioplane.observe.QueueCounters;
import eu.mikelangelo.ioplane.policy.PortRules;
import eu.mikelangelo.metrics.Counters;
import eu.mikelangelo.vhost.BackEndConfig;
import eu.mikelangelo.virtio.QueueFault;
import java.util.Arrays;

/**
 * One machine's network card: its queue pairs, the addresses it must use, its uplink and its counters. Directions are
 * the guest's: {@code tx} is what the guest sent and the plane took, {@code rx} what was delivered to the guest. Where
 * there is a {@link HostLink}, an interface of the host takes the guest's place and the queues stay detached.
 *
 * <p>A port begins with one pair; the others come when the guest's driver enables them, up to {@link #MAX_PAIRS}.
 *
 * <p>Threading: the core that owns it; counters, {@link #name}, {@link #config} and {@link #fault} may be read by any
 * thread.
 */
public final class Port {
    /** The most queue pairs of a port. */
    public static final int MAX_PAIRS = BackEndConfig.MAX_QUEUE_PAIRS;

    /** The block of counters that belong to no queue. */
    static final int UPLINK_CONNECTS = 0;
    static final int UPLINK_BAD_FRAMES = 1;
    static final int CAPTURED = 2;
    static final int CAPTURE_LOST = 3;
    private static final int COUNTERS = 4;

    /** The front-end has not said which MTU its guest was told. */
    static final int UNKNOWN_MTU = 0;

    private static final Pair[] NO_PAIRS = {};

    private final PortConfig config;
    private final Counters counters = new Counters(COUNTERS);
    final LatencyHistogram latency = new LatencyHistogram();
    private volatile QueueFault fault = QueueFault.NONE;
    private volatile boolean uplinkConnected;
    private volatile int mtu = UNKNOWN_MTU;

    /** The pair that each card has; the only one of most. */
    final Pair first = new Pair(this, 0);
    /** All that there ever were; for any thread, replaced by the core. */
    private volatile Pair[] pairs = {first};
    /** Those whose transmit queue, and those whose receive queue, is attached, by index. The core's. */
    Pair[] senders = NO_PAIRS;
    Pair[] receivers = NO_PAIRS;
    /** Whose turn it is of the senders, when there are several. */
    int nextSender;
    /** Who receives everything while there are no {@link #flows}; the first pair but with odd drivers. */
    Pair receiver = first;
    /** Which pair each flow is for; null while there is but one. */
    Flows flows;
    private Flows table;
    int slot = -1;
    Outlet outlet;
    /** The interface of the host behind this port; null where a guest is. */
    final HostLink link;
    long linkToken;
    /** The link is watched and served. */
    boolean linked;
    /** Who gets a copy of each frame; null for nobody. */
    Capture capture;

    /** The frame from the port's own uplink that is next waits since then; only meaningful with uplinkWaits. */
    long uplinkSinceNs;
    boolean uplinkWaits;
    /** For whose buffers it waits. */
    Pair uplinkFor = first;
    /** As {@link Pair#frameParts}, for the frame from the uplink that waits. */
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
        if (link != null) {
            return linked;
        }
        for (Pair pair : receivers) {
            if (pair.rx.queue().working()) {
                return true;
            }
        }
        return false;
    }

    /** The core. @return a pair, made when it was not there, with {@code index} below {@link #MAX_PAIRS} */
    Pair pair(int index) {
        int known = pairs.length;
        if (index >= known) {
            Pair[] more = Arrays.copyOf(pairs, index + 1);
            for (int i = known; i <= index; i++) {
                more[i] = new Pair(this, i);
            }
            pairs = more;
        }
        return pairs[index];
    }

    /** The core, after a queue was attached or detached. */
    void list() {
        Pair[] all = pairs;
        Pair[] sending = new Pair[all.length];
        Pair[] receiving = new Pair[all.length];
        int senderCount = 0;
        int receiverCount = 0;
        for (Pair pair : all) {
            if (pair.tx.queue().fault() != QueueFault.NOT_ATTACHED) {
                sending[senderCount++] = pair;
            }
            if (pair.rx.queue().fault() != QueueFault.NOT_ATTACHED) {
                receiving[receiverCount++] = pair;
            }
        }
        senders = Arrays.copyOf(sending, senderCount);
        receivers = Arrays.copyOf(receiving, receiverCount);
        receiver = receiverCount == 0 ? first : receivers[0];
        nextSender = 0;
        if (Math.max(senderCount, receiverCount) < 2) {
            flows = null;
        } else {
            table = table == null ? new Flows(this) : table;
            flows = table;
        }
    }

    /** @return what it was made from */
    public PortConfig config() {
        return config;
    }

    /** @return the name it was given */
    public String name() {
        return config.name();
    }

    private long sum(int counter) {
        long sum = 0;
        for (Pair pair : pairs) {
            sum += pair.get(counter);
        }
        return sum;
    }

    /** @return queue pairs that there ever were since the port was added, at least 1 */
    public int pairs() {
        return pairs.length;
    }

    /** @return frames delivered to the guest */
    public long rxFrames() {
        return sum(Pair.RX_FRAMES);
    }

    /** @return bytes of frames delivered to the guest, without virtio headers */
    public long rxBytes() {
        return sum(Pair.RX_BYTES);
    }

    /** @return frames that the guest sent and the plane took, dropped ones included */
    public long txFrames() {
        return sum(Pair.TX_FRAMES);
    }

    /** @return bytes of frames that the guest sent and the plane took */
    public long txBytes() {
        return sum(Pair.TX_BYTES);
    }

    /** @return frames lost for this reason */
    public long drops(Drop reason) {
        return sum(Pair.FIRST_DROP + reason.ordinal());
    }

    /** @return those of them that one pair lost, of {@link #pairs} */
    public long drops(int pair, Drop reason) {
        return pairs[pair].get(Pair.FIRST_DROP + reason.ordinal());
    }

    /** @return interrupts asked of the guest */
    public long calls() {
        long calls = 0;
        for (Pair pair : pairs) {
            calls += pair.rxCounters.calls() + pair.txCounters.calls();
        }
        return calls;
    }

    /** @return notifications taken from the guest */
    public long kicks() {
        long kicks = 0;
        for (Pair pair : pairs) {
            kicks += pair.rxCounters.kicks() + pair.txCounters.kicks();
        }
        return kicks;
    }

    /** @return what is counted of a pair's receive queue, of {@link #pairs} */
    public QueueCounters rxCounters(int pair) {
        return pairs[pair].rxCounters;
    }

    /** @return what is counted of a pair's transmit queue, of {@link #pairs} */
    public QueueCounters txCounters(int pair) {
        return pairs[pair].txCounters;
    }

    /**
     * @return how long bursts of the transmit queues took: from the turn's begin, or the end of the work before in the
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

    /** Nothing from the uplink waits for this pair any more. */
    void forgetUplink(Pair pair) {
        if (uplinkFor == pair) {
            uplinkWaits = false;
            uplinkParts = 0;
        }
    }

    /** Gives up all queues of a guest that cannot be served; the core goes on. */
    void breakDown(QueueFault reason) {
        if (link != null) {
            // There is no guest behind it whose memory could be gone.
            first.forgetWaiting();
            if (reason == QueueFault.INTERNAL) {
                link.fail(reason.text());
            }
            return;
        }
        for (Pair pair : pairs) {
            pair.breakDown(reason);
        }
        fault = reason;
    }

    /** @return all pairs that there ever were, by index; not to be written */
    Pair[] all() {
        return pairs;
    }
}
