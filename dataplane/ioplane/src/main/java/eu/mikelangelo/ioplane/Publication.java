package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.observe.QueueCounters;
import eu.mikelangelo.virtio.VirtQueue;

/**
 * Shows the guests what was done for them: once for all that was staged since the last time, so that index stores,
 * fences and calls are paid per burst. One thread; nothing is allocated.
 */
final class Publication {
    private final Doorbell doorbell;
    private final Pair[] touched = new Pair[Switch.MAX_PORTS * Port.MAX_PAIRS];
    private int touchedCount;

    Publication(Doorbell doorbell) {
        this.doorbell = doorbell;
    }

    /** The pair has staged used entries, or its port's link has frames to send. */
    void touch(Pair pair) {
        if (!pair.touched) {
            pair.touched = true;
            touched[touchedCount++] = pair;
        }
    }

    /** After an error in the middle of a turn: nothing is known to be staged; who has something is touched again. */
    void reset() {
        touchedCount = 0;
    }

    /** Shows everyone what was done for them since the last flush, then calls those who want to be called. */
    void flush() {
        int count = touchedCount;
        if (count == 0) {
            return;
        }
        touchedCount = 0;
        // First of all: one whose memory fails below must not keep the others from being touched again.
        for (int i = 0; i < count; i++) {
            touched[i].touched = false;
        }
        // Added up, and taken back behind the call: whom a failure kept from being called is called the next time.
        for (int i = 0; i < count; i++) {
            touched[i].rxPublished |= touched[i].rx.queue().publish();
        }
        for (int i = 0; i < count; i++) {
            touched[i].txPublished |= touched[i].tx.queue().publish();
        }
        // One full fence for all: publishing above, reading the drivers' wishes below (VIRTIO 1.3 section 2.7.7.2).
        VirtQueue.fence();
        for (int i = 0; i < count; i++) {
            Pair pair = touched[i];
            touched[i] = null;
            if (pair.rxPublished) {
                pair.rxCounters.burst(pair.rx.backlog());
                call(pair.rxCounters, pair.rx.queue(), pair.rxCallFd);
            }
            pair.rxPublished = false;
            if (pair.txPublished) {
                call(pair.txCounters, pair.tx.queue(), pair.txCallFd);
            }
            pair.txPublished = false;
            if (pair.port.link != null) {
                pair.rxCounters.burst(0);
                pair.port.link.flush();
            }
        }
    }

    private void call(QueueCounters counters, VirtQueue queue, int fd) {
        if (queue.shouldCall() && fd >= 0) {
            counters.add(QueueCounters.CALLS, 1);
            doorbell.ring(fd);
        } else {
            counters.add(QueueCounters.CALLS_SUPPRESSED, 1);
        }
    }
}
