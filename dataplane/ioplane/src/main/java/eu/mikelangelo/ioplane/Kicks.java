package eu.mikelangelo.ioplane;

import eu.mikelangelo.virtio.SplitQueue;

/** Asks the guests to kick before the core sleeps, and not to while it looks by itself. The core's thread. */
final class Kicks {
    private final Switch fabric;
    private Port asked;

    Kicks(Switch fabric) {
        this.fabric = fabric;
    }

    /** Whom it was asking when it failed; null when it did not. */
    Port asked() {
        return asked;
    }

    /** Asks for kicks. @return whether there is still nothing to do */
    boolean arm() {
        int top = fabric.top();
        for (int i = 0; i < top; i++) {
            Port port = fabric.port(i);
            if (port != null) {
                asked = port;
                arm(port);
            }
        }
        // Pairs with the driver's fence between adding a chain and reading whether we want a kick (VIRTIO 1.3, 2.7.10).
        SplitQueue.fence();
        for (int i = 0; i < top; i++) {
            Port port = fabric.port(i);
            asked = port;
            if (port != null && news(port)) {
                asked = null;
                return false;
            }
        }
        asked = null;
        return true;
    }

    /** Where the first frame waits, a deadline or a receiver is waited for. */
    private static void arm(Port port) {
        boolean held = port.rules.held();
        for (Pair pair : port.all()) {
            if (pair.waitsFor != null) {
                pair.waitsFor.rx.queue().armKicks();
            } else if (!held) {
                pair.tx.queue().armKicks();
            }
        }
        if (port.uplinkWaits) {
            port.uplinkFor.rx.queue().armKicks();
        }
    }

    private static boolean news(Port port) {
        boolean held = port.rules.held();
        for (Pair pair : port.all()) {
            if (pair.waitsFor != null ? pair.waitsFor.rx.queue().news() : !held && pair.tx.queue().news()) {
                return true;
            }
        }
        return port.uplinkWaits && port.uplinkFor.rx.queue().news();
    }

    void suppress() {
        for (int i = 0; i < fabric.top(); i++) {
            Port port = fabric.port(i);
            if (port != null) {
                asked = port;
                for (Pair pair : port.all()) {
                    pair.tx.queue().suppressKicks();
                    pair.rx.queue().suppressKicks();
                }
            }
        }
        asked = null;
    }
}
