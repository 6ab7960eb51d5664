package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.observe.QueueCounters;
import eu.mikelangelo.metrics.Counters;
import eu.mikelangelo.virtio.NetReceive;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.QueueFault;
import eu.mikelangelo.virtio.SplitQueue;
import eu.mikelangelo.virtio.VirtQueue;

/**
 * A queue pair of a {@link Port} (VIRTIO 1.3 section 5.1.2): a receive and a transmit queue, what waits at them and
 * their counters. Either queue may be attached without the other.
 *
 * <p>Threading: the core that owns the port; counters may be read by any thread.
 */
final class Pair {
    /** The block of counters: those of the receive queue, those of the transmit queue, and the drops. */
    private static final int RX = 0;
    private static final int TX = QueueCounters.COUNT;
    static final int RX_FRAMES = RX + QueueCounters.FRAMES;
    static final int RX_BYTES = RX + QueueCounters.BYTES;
    static final int TX_FRAMES = TX + QueueCounters.FRAMES;
    static final int TX_BYTES = TX + QueueCounters.BYTES;
    static final int FIRST_DROP = TX + QueueCounters.COUNT;

    /** How many drop reasons there are; values() would allocate. */
    private static final int DROPS = Drop.values().length;

    /** Patience with a receiver without buffers, see {@link Delivery}. */
    static final long MAX_PATIENCE_NS = 2_000_000;

    final Port port;
    final int index;
    private final Counters counters = new Counters(FIRST_DROP + DROPS);
    final QueueCounters rxCounters = new QueueCounters(counters, RX);
    final QueueCounters txCounters = new QueueCounters(counters, TX);

    final NetReceive rx = new NetReceive(new SplitQueue());
    final NetTransmit tx = new NetTransmit(new SplitQueue());
    int rxKickFd = -1;
    long rxKickToken;
    int rxCallFd = -1;
    int txKickFd = -1;
    long txKickToken;
    int txCallFd = -1;

    /** Has staged used entries that are not published yet. */
    boolean touched;
    /** Used entries were published, and whether the guest is to be called for them was not looked at since. */
    boolean rxPublished;
    boolean txPublished;
    /** A frame at the head of the transmit queue waits for that pair to offer buffers; null when none does. */
    Pair waitsFor;
    /** How many frames that pair has had which were made of it; 0 when it goes as it is. */
    int frameParts;
    /** Somebody waits for receive buffers of this pair since then; only meaningful with {@link #awaited}. */
    long awaitedSinceNs;
    boolean awaited;
    long patienceNs = MAX_PATIENCE_NS;
    /** A frame from the uplink waited for this pair in vain: none does until it takes one again. */
    boolean uplinkStalled;

    Pair(Port port, int index) {
        this.port = port;
        this.index = index;
    }

    void count(int counter, long amount) {
        counters.add(counter, amount);
    }

    void drop(Drop reason) {
        counters.add(FIRST_DROP + reason.ordinal(), 1);
    }

    /** Any thread. */
    long get(int counter) {
        return counters.get(counter);
    }

    /** Nobody waits for its buffers, and it waits for nobody's. */
    void forgetWaiting() {
        awaited = false;
        patienceNs = MAX_PATIENCE_NS;
        waitsFor = null;
        frameParts = 0;
        uplinkStalled = false;
    }

    /** Gives up what is attached. */
    void breakDown(QueueFault reason) {
        waitsFor = null;
        awaited = false;
        giveUp(rx.queue(), reason);
        giveUp(tx.queue(), reason);
    }

    private static void giveUp(VirtQueue queue, QueueFault reason) {
        if (queue.fault() != QueueFault.NOT_ATTACHED) {
            queue.breakQueue(reason);
        }
    }
}
