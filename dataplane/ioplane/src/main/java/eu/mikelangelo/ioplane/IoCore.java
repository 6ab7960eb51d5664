package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.link.HostLink;
import eu.mikelangelo.ioplane.observe.Capture;
import eu.mikelangelo.ioplane.observe.CoreCounters;
import eu.mikelangelo.metrics.DistinctErrors;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import eu.mikelangelo.vhost.BackendHandler;

/**
 * One thread that moves packets: the shard of a {@link Host} of its own, with a {@link Switch}, the ports in it and
 * their uplinks as the one {@link eu.mikelangelo.shard.Agent} of its loop.
 *
 * <p>A turn: kicks and sockets, commands, each port's burst, uplinks. After a while without work
 * ({@link IoOptions#spinNs}) it asks all guests to kick, looks once more, and sleeps until a kick, a frame from an
 * uplink, a command or a deadline. Asleep it costs nothing.
 *
 * <p>Threading: {@link #addPort}, {@link #removePort}, {@link #handler} and {@link #close} may be called by any
 * thread but the core's own; each waits until the core has done it. A guest that cannot be served (its memory
 * vanished) loses its port's queues; the core goes on.
 */
public final class IoCore implements AutoCloseable {
    /** CPU time of one turn that is worth a line in the log. */
    private static final long STALL_NS = 250_000_000;
    /** The least there is: frames go from guest to guest, and uplinks have memory of their own. */
    private static final long MEMORY_BYTES = 1 << 20;

    private static final int END_ATTEMPTS = 5;

    private final IoOptions options;
    private final DistinctErrors errors;
    /** Null until the loop runs. */
    private volatile CoreAgent agent;
    private Host host;

    /**
     * @param options fixed for the core's life
     * @param errors receives what broke
     */
    public IoCore(IoOptions options, DistinctErrors errors) {
        this.options = options;
        this.errors = errors;
    }

    /** Starts the thread. Once. */
    public void start() {
        // Overprovisioned, for which CPU it is pinned to, if any, is the plane's choice. It has no fibers and no files.
        host = Host.start(HostOptions.defaults().withName("io").withShards(1).withOverprovisioned(true)
                .withSpinNs(options.spinNs()).withStallNs(STALL_NS).withFibers(HostOptions.Fibers.POOLED)
                .withDevices(HostOptions.Devices.NO_FILES).withMemoryBytes(MEMORY_BYTES), errors);
        agent = new CoreAgent(host.shard(0), options, errors);
        host.onClose(() -> {
            end();
            return null;
        });
        execute(new Command() {
            @Override
            void act(CoreAgent core) {
                core.begin();
            }
        });
    }

    private void end() {
        if (alive()) {
            execute(new Command() {
                @Override
                void act(CoreAgent core) {
                    core.end();
                }
            });
        }
    }

    /** @return the thread's Java identifier, for its CPU time and affinity */
    public long threadId() {
        return agent.threadId();
    }

    /**
     * @return false when the core has ended, by {@link #close} or because of a bug: then nothing is served any more
     */
    public boolean alive() {
        CoreAgent running = agent;
        return running == null || !running.dead();
    }

    /** @return how often the core went to sleep */
    public long sleeps() {
        return agent.counters().sleeps();
    }

    /** @return what the core does with its time */
    public CoreCounters counters() {
        return agent.counters();
    }

    /**
     * Adds a port; its uplink, if it has one, is connected from now on.
     *
     * @throws IllegalStateException when there are {@value Switch#MAX_PORTS} ports already or the core has ended
     */
    public Port addPort(PortConfig config) {
        return add(new Port(config));
    }

    /**
     * Adds a port with an interface of the host behind it. The core owns the link from now on and
     * closes it with the port.
     *
     * @throws IllegalStateException as {@link #addPort}; the link is then still the caller's to close
     */
    public Port addLink(PortConfig config, HostLink link) {
        return add(new Port(config, link));
    }

    private Port add(Port port) {
        execute(new Command() {
            @Override
            void act(CoreAgent core) {
                core.add(port);
            }
        });
        return port;
    }

    /** Removes a port; its rings are let go of and its uplink closed. Twice is no error. */
    public void removePort(Port port) {
        execute(new Command() {
            @Override
            void act(CoreAgent core) {
                core.remove(port);
            }
        });
    }

    /**
     * Begins to mirror a port's frames; one capture of a port at a time. To be ended with {@link #endCapture}.
     *
     * @param snap bytes kept of each frame, 1 to {@link Capture#MAX_SNAP}
     * @throws IllegalStateException when the port is captured already or not served any more, or the core has ended
     */
    public Capture capture(Port port, int snap) {
        Capture capture = port.newCapture(snap, Capture.RING_BYTES);
        boolean begun = false;
        try {
            execute(new Command() {
                @Override
                void act(CoreAgent core) {
                    core.capture(port, capture);
                }
            });
            begun = true;
        } finally {
            if (!begun) {
                endCapture(port, capture);
            }
        }
        return capture;
    }

    /** Ends a capture of this port and frees its memory; what was not drained is gone. Twice is no error. */
    public void endCapture(Port port, Capture capture) {
        for (int attempt = 0; attempt < END_ATTEMPTS; attempt++) {
            try {
                execute(new Command() {
                    @Override
                    void act(CoreAgent core) {
                        core.endCapture(port, capture);
                    }
                });
                capture.close();
                return;
            } catch (IllegalStateException late) {
                // A guest's memory vanished just now, and whether the command was run is unknown: once more.
                if (!alive()) {
                    capture.close();
                    return;
                }
            }
        }
        // The core may still write there: the memory stays.
        errors.record("a capture's memory is not given back", "port " + port.name());
    }

    /** @return the device behind a vhost-user session, to be given to that session; one per session */
    public BackendHandler handler(Port port) {
        return new PortHandler(this, port);
    }

    /** Ends the thread and closes what the core opened; the rings of guests are let go of. Twice is no error. */
    @Override
    public void close() {
        if (agent != null) {
            host.close();
        }
    }

    /** Hands a command to the core and waits until it was run. */
    void execute(Command command) {
        CoreAgent running = agent;
        if (running == null) {
            throw new IllegalStateException("the I/O core was not started");
        }
        if (!host.outside(0).enqueue(command.of(running))) {
            throw new IllegalStateException("the I/O core has ended");
        }
        command.await();
    }

    /**
     * Looks whether a hostile front-end holds the core in a call (see {@link CallGuard}), and ends that. To be called
     * now and then, by one thread: two looks find it.
     *
     * @return the port whose front-end it was, to be removed; null when the core was not held, or still is
     */
    public Port freeFromCall() {
        CoreAgent running = agent;
        return running == null ? null : running.freeFromCall();
    }
}
