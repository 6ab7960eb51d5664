package eu.mikelangelo.ioplane;

import eu.mikelangelo.virtio.Burst;
import eu.mikelangelo.virtio.NetHeaderLayout;
import java.util.Arrays;

/**
 * Delivers a part of {@link QuickPath}'s batch to a port with several receive queues. Flows come mixed, so frames for
 * the same queue are seldom behind each other: each queue lists its buffers once for all that the part has for it, and
 * takes them once.
 *
 * <p>Threading: the core's thread. Nothing is allocated per frame.
 */
final class Spread {
    private final Delivery delivery;
    private final Burst[] targets = new Burst[Port.MAX_PAIRS];
    private final int[] counts = new int[Port.MAX_PAIRS];
    private final long[] bytes = new long[Port.MAX_PAIRS];
    private final long[] earnedNs = new long[Port.MAX_PAIRS];
    /** Which pair a frame of the part is for, and which buffer of its list. */
    private final int[] pairs = new int[Burst.MAX];
    private final int[] places = new int[Burst.MAX];

    Spread(Delivery delivery) {
        this.delivery = delivery;
        for (int i = 0; i < targets.length; i++) {
            targets[i] = new Burst();
        }
    }

    /** As {@link QuickPath}'s own for one queue, to a port with {@link Port#flows}. @return how many frames */
    int deliver(QuickPath batch, Port to, int first, int end, int staged, long nowNs) {
        if (to.capture != null || to.rules.trunk()) {
            return 0;
        }
        int count = place(batch, to, first, end, nowNs);
        if (count > 0 && !to.rules.plain()) {
            // What is listed and not taken stays where it is.
            count = to.rules.mayReceive(count, batch.bytes(first, first + count), nowNs);
        }
        for (int i = 0; i < count; i++) {
            QuickPath.header(targets[pairs[i]].address(places[i]));
        }
        for (int i = 0; i < count; i++) {
            batch.copy(first + i, targets[pairs[i]].address(places[i]) + NetHeaderLayout.SIZE, staged);
        }
        if (count > 0) {
            take(batch, to, first, count, nowNs);
        }
        return count;
    }

    /** @return how many of the frames have a buffer of one descriptor that is large enough */
    private int place(QuickPath batch, Port to, int first, int end, long nowNs) {
        Arrays.fill(counts, 0);
        for (int i = 0; i < end - first; i++) {
            int pair = to.flows.choose(batch.hash(first + i), nowNs).index;
            pairs[i] = pair;
            places[i] = counts[pair]++;
        }
        Pair[] all = to.all();
        for (int pair = 0; pair < all.length; pair++) {
            boolean fits = counts[pair] > 0 && all[pair].rx.headerSize() == NetHeaderLayout.SIZE;
            counts[pair] = fits ? all[pair].rx.list(targets[pair], counts[pair]) : 0;
        }
        for (int i = 0; i < end - first; i++) {
            if (places[i] >= counts[pairs[i]]
                    || targets[pairs[i]].length(places[i]) < NetHeaderLayout.SIZE + batch.length(first + i)) {
                return i;
            }
        }
        return end - first;
    }

    private void take(QuickPath batch, Port to, int first, int count, long nowNs) {
        Arrays.fill(counts, 0);
        Arrays.fill(bytes, 0);
        Arrays.fill(earnedNs, 0);
        for (int i = 0; i < count; i++) {
            int pair = pairs[i];
            int length = batch.length(first + i);
            targets[pair].written(places[i], NetHeaderLayout.SIZE + length);
            counts[pair]++;
            bytes[pair] += length;
            earnedNs[pair] += Delivery.EARN_FRAME_NS + (length >> 10) * Delivery.EARN_KIB_NS;
        }
        Pair[] all = to.all();
        for (int pair = 0; pair < all.length; pair++) {
            if (counts[pair] > 0) {
                all[pair].rx.complete(targets[pair], counts[pair]);
                to.rules.received(counts[pair], bytes[pair]);
                delivery.arrived(all[pair], counts[pair], bytes[pair], earnedNs[pair], nowNs);
            }
        }
    }
}
