package eu.mikelangelo.plane;

import eu.mikelangelo.ioplane.IoCore;
import eu.mikelangelo.ioplane.IoOptions;
import eu.mikelangelo.ioplane.Port;
import eu.mikelangelo.ioplane.PortConfig;
import eu.mikelangelo.ioplane.link.HostLink;
import eu.mikelangelo.ioplane.link.PacketLink;
import eu.mikelangelo.ioplane.link.TapLink;
import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.linux.Cpus;
import eu.mikelangelo.metrics.DistinctErrors;
import eu.mikelangelo.plane.api.Addresses;
import eu.mikelangelo.plane.api.CoreStats;
import eu.mikelangelo.plane.api.PortSpec;
import eu.mikelangelo.plane.api.PortStats;
import eu.mikelangelo.plane.api.Response;
import eu.mikelangelo.vhost.BackEndConfig;
import eu.mikelangelo.vhost.VhostPort;
import eu.mikelangelo.vhost.VhostRuntime;
import eu.mikelangelo.virtio.Features;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One switch: its I/O core, its ports and the control thread of their vhost-user sockets. Thread-safe. The core starts
 * with the first port, for that one names the gateway; all others must name the same.
 */
final class Plane implements AutoCloseable {
    /** With fewer CPUs a pinned core would take one from the guests for good. */
    private static final int MIN_CPUS_TO_PIN = 3;
    /** Each has megabytes of memory. */
    private static final int MAX_CAPTURES = 4;

    /** @param vhost null where an interface of the host is behind the port */
    private record Served(PortSpec spec, Port port, VhostPort vhost) {}

    private final DistinctErrors errors;
    private final boolean acceptShrinkable;
    private final VhostRuntime runtime;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Served> ports = new LinkedHashMap<>();
    /** Set once, with the lock held; {@link #freeCore} and {@link #healthy} read it without. */
    private volatile IoCore core;
    private String gateway;
    private int cpu = -1;
    private boolean closed;
    private final AtomicInteger captures = new AtomicInteger();
    /** Of the thread that calls {@link #freeCore}. */
    private Thread remover;

    /** @param acceptShrinkable see {@link BackEndConfig} */
    Plane(DistinctErrors errors, boolean acceptShrinkable) {
        this.errors = errors;
        this.acceptShrinkable = acceptShrinkable;
        runtime = new VhostRuntime("vhost-control", (path, what) -> errors.record("vhost-user socket " + path, what));
    }

    /** The CPU that the core shall have to itself. Before the first port. */
    void pin(int toCpu) {
        cpu = toCpu;
    }

    /**
     * Serves a port; does nothing when an equal one exists.
     *
     * @return the port's socket; null for one with an interface of the host
     * @throws eu.mikelangelo.ioplane.link.LinkException when that interface cannot be used
     * @throws IllegalArgumentException when the name or the socket is another port's, or the gateway is not this
     *         switch's
     * @throws IllegalStateException when there is no room, or the plane has ended
     */
    VhostPort add(PortSpec spec) {
        lock.lock();
        try {
            Served same = ports.get(spec.name());
            if (same != null && same.spec.equals(spec)) {
                return same.vhost;
            }
            refuseConflict(spec, same);
            PortConfig asked = Policies.config(spec);
            begin(spec);
            if (!spec.host().isEmpty()) {
                ports.put(spec.name(), new Served(spec, addLink(spec.host(), asked), null));
                return null;
            }
            Port port = core.addPort(asked);
            try {
                VhostPort vhost = runtime.add(spec.vhostSocket(), spec.server(), offer(spec), core.handler(port));
                ports.put(spec.name(), new Served(spec, port, vhost));
                return vhost;
            } catch (RuntimeException failed) {
                core.removePort(port);
                throw failed;
            }
        } finally {
            lock.unlock();
        }
    }

    /** How many of the queue pairs are used is up to the front-end: QEMU's {@code queues=}. */
    private BackEndConfig offer(PortSpec spec) {
        int pairs = spec.rules().queues() == 0 ? Port.MAX_PAIRS : spec.rules().queues();
        long features = pairs > 1 ? Features.NET_OFFERED : Features.NET_OFFERED & ~Features.NET_MQ;
        return new BackEndConfig(features, pairs, acceptShrinkable);
    }

    private Port addLink(String host, PortConfig asked) {
        String name = host.substring(host.indexOf(':') + 1);
        HostLink link = host.startsWith(PortSpec.TAP) ? TapLink.open(name) : PacketLink.open(name);
        try {
            return core.addLink(asked, link);
        } catch (RuntimeException failed) {
            link.close();
            throw failed;
        }
    }

    private void refuseConflict(PortSpec spec, Served same) {
        if (closed) {
            throw new IllegalStateException("the plane has ended");
        }
        if (same != null) {
            throw new IllegalArgumentException("port " + spec.name() + " exists and is different: " + same.spec);
        }
        for (Served other : ports.values()) {
            if (other.spec.vhostSocket().equals(spec.vhostSocket()) && other.spec.host().equals(spec.host())) {
                throw new IllegalArgumentException("socket " + spec.vhostSocket() + spec.host() + " is served by port "
                        + other.spec.name());
            }
            if (!spec.rules().machine().isEmpty() && other.spec.rules().machine().equals(spec.rules().machine())
                    && !other.spec.rules().sameMachine(spec.rules())) {
                throw new IllegalArgumentException("port " + spec.name() + " asks for other limits of machine "
                        + spec.rules().machine() + " than port " + other.spec.name());
            }
        }
    }

    private void begin(PortSpec spec) {
        String wanted = spec.gatewayMac() + " " + spec.gatewayIp();
        if (core == null) {
            IoOptions options = spec.gatewayMac().isEmpty() ? IoOptions.open()
                    : IoOptions.gateway(Addresses.mac(spec.gatewayMac()), Addresses.ipv4(spec.gatewayIp()));
            BitSet cpus = Cpus.allowed();
            if (cpu < 0 && cpus.cardinality() >= MIN_CPUS_TO_PIN) {
                cpu = cpus.length() - 1;
            }
            if (cpu >= 0) {
                options = options.pinned(cpu);
            }
            core = new IoCore(options, errors);
            core.start();
            gateway = wanted;
        } else if (!gateway.equals(wanted)) {
            throw new IllegalArgumentException("port " + spec.name() + " has gateway \"" + wanted
                    + "\", the switch has \"" + gateway + "\"");
        }
    }

    /** Stops serving a port. @return whether there was one of that name */
    boolean remove(String name) {
        lock.lock();
        try {
            Served served = ports.remove(name);
            if (served == null) {
                return false;
            }
            // The session first: it stops the rings, on the core.
            if (served.vhost != null) {
                runtime.remove(served.vhost);
            }
            core.removePort(served.port);
            return true;
        } finally {
            lock.unlock();
        }
    }

    List<PortSpec> ports() {
        lock.lock();
        try {
            List<PortSpec> specs = new ArrayList<>();
            for (Served served : ports.values()) {
                specs.add(served.spec);
            }
            return specs;
        } finally {
            lock.unlock();
        }
    }

    /** Counters of one port, or of all when {@code name} is empty, and of the cores. */
    Response.Stats stats(String name) {
        lock.lock();
        try {
            List<PortStats> stats = new ArrayList<>();
            for (Served served : ports.values()) {
                if (name.isEmpty() || name.equals(served.spec.name())) {
                    stats.add(PlaneStats.port(served.port, served.vhost));
                }
            }
            return new Response.Stats(Clock.nowNs(), cores(), stats);
        } finally {
            lock.unlock();
        }
    }

    List<CoreStats> cores() {
        lock.lock();
        try {
            return core == null ? List.of()
                    : List.of(PlaneStats.core(core.counters(), cpu, ports.size(), Clock.nowNs()));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Begins to mirror a port's frames; to be closed.
     *
     * @throws IllegalArgumentException when there is no such port, or for a snap length that cannot be
     * @throws IllegalStateException when it is captured already, or there are {@value #MAX_CAPTURES} captures
     */
    PortCapture capture(String name, int snap) {
        lock.lock();
        try {
            Served served = ports.get(name);
            if (served == null) {
                throw new IllegalArgumentException("there is no port " + name);
            }
            if (captures.get() == MAX_CAPTURES) {
                throw new IllegalStateException(MAX_CAPTURES + " captures run already");
            }
            PortCapture capture = new PortCapture(core, served.port, snap, captures::decrementAndGet);
            captures.incrementAndGet();
            return capture;
        } finally {
            lock.unlock();
        }
    }

    /** False when the I/O core has died: nothing is served any more, the process should end and be started again. */
    boolean healthy() {
        IoCore running = core;
        // Not with the lock held, as in freeCore: this is the thread that frees the core.
        return running == null || running.alive();
    }

    /**
     * Looks whether a front-end holds the core (see {@link IoCore#freeFromCall}) and takes its port away if so. To be
     * called about once a second, by one thread; it never waits for the core.
     */
    void freeCore() {
        IoCore running = core;
        // Not with the lock held: whoever has it may be waiting for the core.
        Port holder = running == null ? null : running.freeFromCall();
        if (holder != null && (remover == null || !remover.isAlive())) {
            errors.record("port " + holder.name() + ": its front-end kept a call from returning; removed", "");
            // On a thread of its own: it waits for the core, which a front-end may hold again before it is gone.
            remover = Thread.ofPlatform().daemon().name("remover").start(() -> remove(holder));
        }
    }

    private void remove(Port port) {
        lock.lock();
        try {
            Served served = ports.get(port.name());
            // Meanwhile the agent may have replaced it by another of the same name.
            if (served != null && served.port == port) {
                remove(port.name());
            }
        } catch (IllegalStateException ended) {
            errors.record("port " + port.name() + " could not be removed", String.valueOf(ended.getMessage()));
        } finally {
            lock.unlock();
        }
    }

    /** Ends all sessions, then the core. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            runtime.close();
            ports.clear();
            if (core != null) {
                core.close();
            }
        } finally {
            lock.unlock();
        }
    }
}
