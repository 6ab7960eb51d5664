package eu.mikelangelo.ioplane;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.vhost.BackendHandler;
import eu.mikelangelo.virtio.QueueConfig;
import eu.mikelangelo.virtio.QueueFault;

/** A port as the device behind a vhost-user session. The session's control thread calls it and waits for the core. */
final class PortHandler implements BackendHandler {
    /** Indices of the rings (VIRTIO 1.3 section 5.1.2). */
    static final int RECEIVE = 0;
    static final int TRANSMIT = 1;

    private final IoCore core;
    private final Port port;
    private GuestMemory memory = GuestMemory.EMPTY;

    PortHandler(IoCore core, Port port) {
        this.core = core;
        this.port = port;
    }

    @Override
    public void features(long acked) {
        // Each ring's configuration carries them.
    }

    @Override
    public void memory(GuestMemory announced) {
        memory = announced;
    }

    @Override
    public void startRing(int index, QueueConfig config, int kickFd, int callFd) {
        if (index != RECEIVE && index != TRANSMIT) {
            throw new IllegalArgumentException(
                    "ring " + index + ": this card has a receive ring 0 and a transmit ring 1");
        }
        GuestMemory guest = memory;
        core.execute(new Command() {
            @Override
            void act() {
                QueueFault fault = core.living().attach(port, index, guest, config, kickFd, callFd);
                if (fault != QueueFault.NONE) {
                    throw new IllegalArgumentException("ring " + index + " of port " + port.name() + ": " + fault.text()
                            + " (" + config + ")");
                }
            }
        });
    }

    @Override
    public int stopRing(int index) {
        if (index != RECEIVE && index != TRANSMIT) {
            return 0;
        }
        int[] next = new int[1];
        try {
            core.execute(new Command() {
                @Override
                void act() {
                    next[0] = core.living().detach(port, index);
                }
            });
        } catch (IllegalStateException ended) {
            // The core let go of all rings when it ended; their positions are still known.
            next[0] = (index == RECEIVE ? port.rx.queue() : port.tx.queue()).nextAvail();
        }
        return next[0];
    }

    @Override
    public void disconnected() {
        memory = GuestMemory.EMPTY;
    }
}
