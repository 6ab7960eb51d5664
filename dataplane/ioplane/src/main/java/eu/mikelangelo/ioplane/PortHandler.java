package eu.mikelangelo.ioplane;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.vhost.BackendHandler;
import eu.mikelangelo.virtio.QueueConfig;
import eu.mikelangelo.virtio.QueueFault;

/** A port as the device behind a vhost-user session. The session's control thread calls it and waits for the core. */
final class PortHandler implements BackendHandler {
    private static final int RINGS = 2 * Port.MAX_PAIRS;

    private final IoCore core;
    private final Port port;
    private GuestMemory memory = GuestMemory.EMPTY;

    PortHandler(IoCore core, Port port) {
        this.core = core;
        this.port = port;
    }

    /** Indices of the rings (VIRTIO 1.3 section 5.1.2): receive and transmit of one pair after the other. */
    static boolean receives(int index) {
        return (index & 1) == 0;
    }

    static int pair(int index) {
        return index >> 1;
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
        if (index < 0 || index >= RINGS) {
            throw new IllegalArgumentException("ring " + index + ": this card has " + RINGS
                    + ", a receive and a transmit ring of each pair");
        }
        if (kickFd < 0) {
            throw new IllegalArgumentException("ring " + index + " has no kick descriptor");
        }
        GuestMemory guest = memory;
        core.execute(new Command() {
            @Override
            void act(CoreAgent running) {
                boolean attached = false;
                try {
                    QueueFault fault = running.attach(port, index, guest, config, kickFd, callFd);
                    attached = fault == QueueFault.NONE;
                    if (!attached) {
                        throw new IllegalArgumentException("ring " + index + " of port " + port.name() + ": "
                                + fault.text() + " (" + config + ")");
                    }
                } finally {
                    if (!attached) {
                        // Memory that vanishes stops it half way; the session unmaps and closes next.
                        running.detach(port, index);
                    }
                }
            }
        });
    }

    @Override
    public int stopRing(int index) {
        if (index < 0 || index >= RINGS) {
            return 0;
        }
        int[] next = new int[1];
        try {
            core.execute(new Command() {
                @Override
                void act(CoreAgent running) {
                    try {
                        next[0] = running.detach(port, index);
                    } catch (InternalError late) {
                        // Memory vanished, perhaps another guest's; the session unmaps this ring's and closes next.
                        running.detach(port, index);
                        throw late;
                    }
                }
            });
        } catch (IllegalStateException ended) {
            // The core let go of all rings when it ended, or of this one in spite of an error; positions stay known.
            next[0] = position(port.all(), index);
        }
        return next[0];
    }

    private static int position(Pair[] pairs, int index) {
        if (pair(index) >= pairs.length) {
            return 0;
        }
        Pair pair = pairs[pair(index)];
        return (receives(index) ? pair.rx.queue() : pair.tx.queue()).nextAvail();
    }

    @Override
    public void announce(long macAddress) {
        core.execute(new Command() {
            @Override
            void act(CoreAgent running) {
                running.announce(port, macAddress);
            }
        });
    }

    @Override
    public void mtu(int bytes) {
        port.mtu(bytes);
    }

    @Override
    public void disconnected() {
        memory = GuestMemory.EMPTY;
        port.mtu(Port.UNKNOWN_MTU);
        try {
            core.execute(new Command() {
                @Override
                void act(CoreAgent running) {
                    running.lost(port);
                }
            });
        } catch (IllegalStateException ended) {
            // Then nobody is told of anybody any more.
        }
    }
}
