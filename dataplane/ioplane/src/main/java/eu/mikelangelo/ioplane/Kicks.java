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
                if (looks(port)) {
                    port.tx.queue().armKicks();
                }
                if (port.awaited || port.uplinkWaits) {
                    port.rx.queue().armKicks();
                }
            }
        }
        // Pairs with the driver's fence between adding a chain and reading whether we want a kick (VIRTIO 1.3, 2.7.10).
        SplitQueue.fence();
        for (int i = 0; i < top; i++) {
            Port port = fabric.port(i);
            if (port == null) {
                continue;
            }
            asked = port;
            if (looks(port) && port.tx.queue().news()
                    || (port.awaited || port.uplinkWaits) && port.rx.queue().news()) {
                asked = null;
                return false;
            }
        }
        asked = null;
        return true;
    }

    /** Whether a frame that comes can be taken; where the first one waits, a deadline or a receiver is waited for. */
    private static boolean looks(Port port) {
        return port.waitsFor == null && !port.rules.held();
    }

    void suppress() {
        for (int i = 0; i < fabric.top(); i++) {
            Port port = fabric.port(i);
            if (port != null) {
                asked = port;
                port.tx.queue().suppressKicks();
                port.rx.queue().suppressKicks();
            }
        }
        asked = null;
    }
}
