package eu.mikelangelo.agent;

import eu.mikelangelo.agent.api.IoStats;
import eu.mikelangelo.agent.api.Launch;
import eu.mikelangelo.agent.api.PlaneSocket;
import eu.mikelangelo.agent.service.PlaneService;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.PlanePorts;
import eu.mikelangelo.plane.api.FrameChannel;
import eu.mikelangelo.plane.api.NetRulesText;
import eu.mikelangelo.plane.api.PlaneClient;
import eu.mikelangelo.plane.api.PlaneRefusedException;
import eu.mikelangelo.plane.api.PortSpec;
import eu.mikelangelo.plane.api.PortStats;
import eu.mikelangelo.plane.api.Request;
import eu.mikelangelo.plane.api.Wire;
import java.io.IOException;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Keeps one plane alive and its ports as the machines want them. A thread of its own connects, starting the plane when
 * nobody listens, tells it everything, and then reads from a second connection on which nothing ever comes: its end is
 * the plane's, known within a millisecond. Ports may be added and removed at any time; what the plane does not know
 * yet it learns at the next connection.
 */
final class PlaneSupervisor implements PlanePorts, PlaneService, AutoCloseable {
    private static final Logger LOG = Logger.getLogger(PlaneSupervisor.class.getName());
    private static final long ANSWER_MILLIS = 2_000;
    private static final long POLL_MILLIS = 5;
    private static final long START_MILLIS = 20_000;
    private static final long MAX_PAUSE_MILLIS = 5_000;
    private static final Duration FIRST_CONNECTION = Duration.ofSeconds(20);
    private final Path socket;
    private final Starter starter;
    private final List<String> restartAgent;
    private final String home;
    private final String build;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<String, PortSpec> wanted = new LinkedHashMap<>();
    private final Thread thread;
    private PlaneClient client;
    /** What {@link #watch} reads from; closing it makes the supervision begin again. */
    private volatile FrameChannel watched;
    private boolean settled;
    private volatile boolean closed;

    /** Starts a plane process; it will listen on the socket soon. */
    interface Starter {
        void start() throws IOException;
    }

    /**
     * @param restartAgent the command by which the plane brings an agent back
     * @param home         MIKE_HOME for it
     */
    PlaneSupervisor(Path socket, Starter starter, List<String> restartAgent, String home, String build) {
        this.socket = socket;
        this.starter = starter;
        this.restartAgent = List.copyOf(restartAgent);
        this.home = home;
        this.build = build;
        // A platform thread: the watch blocks in a selector, which would hold a virtual thread's carrier.
        this.thread = Thread.ofPlatform().name("plane").daemon().unstarted(this::supervise);
    }

    /** The plane of an installation. */
    static PlaneSupervisor of(Launch launch, Map<String, String> env) {
        Path output = launch.home().run().resolve("plane.out");
        List<String> agent = new ArrayList<>();
        if (!env.containsKey("MIKE_HOME")) {
            // The plane sets MIKE_HOME for what it starts; ours comes from the XDG folders, which it hands on as well.
            agent.addAll(List.of("/usr/bin/env", "-u", "MIKE_HOME"));
        }
        agent.addAll(launch.agentCommand());
        return new PlaneSupervisor(launch.home().planeSocket(),
                () -> Launch.detached(launch.planeCommand(), env, output).start(), agent,
                env.getOrDefault("MIKE_HOME", launch.home().data().toString()), launch.build());
    }

    void start() {
        thread.start();
    }

    private void supervise() {
        long pause = POLL_MILLIS;
        while (!closed) {
            try {
                connect();
                pause = POLL_MILLIS;
                watch();
                LOG.warning("the plane is gone; starting another");
            } catch (IOException e) {
                LOG.log(Level.WARNING, "the plane: " + e.getMessage());
                sleep(pause);
                pause = Math.min(2 * pause, MAX_PAUSE_MILLIS);
            } catch (RuntimeException e) {
                LOG.log(Level.SEVERE, "the plane's supervision failed; going on", e);
                sleep(MAX_PAUSE_MILLIS);
            } finally {
                disconnect();
            }
        }
    }

    private void connect() throws IOException {
        PlaneClient fresh = reach();
        lock.lock();
        try {
            fresh.register(restartAgent, home);
            for (PortSpec port : wanted.values()) {
                put(fresh, port);
            }
            if (settled) {
                removeOthers(fresh);
            }
            client = fresh;
            changed.signalAll();
        } catch (IOException | RuntimeException e) {
            fresh.close();
            throw e;
        } finally {
            lock.unlock();
        }
    }

    /** The plane that listens, or one that is started now. */
    private PlaneClient reach() throws IOException {
        try {
            return PlaneClient.connect(socket, build, ANSWER_MILLIS);
        } catch (java.net.SocketTimeoutException e) {
            throw new IOException("it does not answer; ending its process would bring another", e);
        } catch (IOException absent) {
            starter.start();
        }
        long deadline = System.nanoTime() + START_MILLIS * 1_000_000;
        while (true) {
            sleep(POLL_MILLIS);
            try {
                return PlaneClient.connect(socket, build, ANSWER_MILLIS);
            } catch (IOException e) {
                if (closed || System.nanoTime() > deadline) {
                    throw new IOException("it does not listen on " + socket + " (" + e.getMessage()
                            + "); see plane.out and plane.log beside it", e);
                }
            }
        }
    }

    /** Returns when the plane is gone, or the control connection broke. */
    private void watch() throws IOException {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
             FrameChannel frames = new FrameChannel(channel)) {
            watched = frames;
            frames.write(Wire.encode(new Request.Hello(Wire.VERSION, build)), ANSWER_MILLIS);
            frames.read(Wire.MAX_RESPONSE, ANSWER_MILLIS);
            frames.read(Wire.MAX_RESPONSE, FrameChannel.NO_LIMIT);
        } catch (java.io.EOFException | java.nio.channels.ClosedChannelException
                 | java.nio.channels.ClosedSelectorException e) {
            LOG.log(Level.FINE, "the plane died within a word, or we hung up", e);
        }
    }

    /** After a call that failed: a refusal leaves the connection whole, anything else means to connect anew. */
    private void failed(String what, IOException e) {
        LOG.log(Level.WARNING, what + ": " + e.getMessage());
        FrameChannel frames = watched;
        if (!(e instanceof PlaneRefusedException) && frames != null) {
            frames.close();
        }
    }

    private void disconnect() {
        lock.lock();
        try {
            if (client != null) {
                client.close();
                client = null;
            }
        } finally {
            lock.unlock();
        }
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void put(PlaneClient to, PortSpec port) throws IOException {
        try {
            to.addPort(port);
        } catch (PlaneRefusedException e) {
            // Another port of this name, of a machine's earlier life; if that is not it, the second refusal says so.
            to.removePort(port.name());
            to.addPort(port);
        }
    }

    private void removeOthers(PlaneClient from) throws IOException {
        for (PortSpec port : from.ports()) {
            if (!wanted.containsKey(port.name())) {
                from.removePort(port.name());
            }
        }
    }

    /** Call once all adopted machines have added their ports: others in the plane are of machines that are gone. */
    void settle() {
        lock.lock();
        try {
            settled = true;
            if (client != null) {
                removeOthers(client);
            }
        } catch (IOException e) {
            failed("the plane's ports are not settled", e);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void add(Port port) {
        PortSpec spec = spec(port);
        lock.lock();
        try {
            wanted.put(port.name(), spec);
            if (client != null) {
                put(client, spec);
            }
        } catch (IOException e) {
            // The next connection tells the plane of this port again.
            failed("the plane did not take port " + port.name(), e);
        } finally {
            lock.unlock();
        }
    }

    private static PortSpec spec(Port port) {
        try {
            return new PortSpec(port.name(), port.vhostSocket().toString(), false, port.mac(), port.ip(),
                    port.gatewayMac(), port.gatewayIp(),
                    port.uplinkSocket() == null ? "" : port.uplinkSocket().toString(),
                    NetRulesText.parse(port.rules()));
        } catch (IllegalArgumentException e) {
            throw new Failure(Failure.Kind.BAD_INPUT, "the network of " + port.name() + ": " + e.getMessage(),
                    "another Mikelangelo wrote it, or it was damaged", e);
        }
    }

    @Override
    public void remove(String name) {
        lock.lock();
        try {
            wanted.remove(name);
            if (client != null) {
                client.removePort(name);
            }
        } catch (IOException e) {
            failed("the plane did not remove port " + name, e);
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the first connection; false when it did not come in time. */
    boolean awaitConnection() throws InterruptedException {
        lock.lock();
        try {
            long nanos = FIRST_CONNECTION.toNanos();
            while (client == null && nanos > 0) {
                nanos = changed.awaitNanos(nanos);
            }
            return client != null;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Map<String, Object> status() {
        PlaneClient plane = current();
        Map<String, Object> status = new LinkedHashMap<>();
        status.put("state", plane == null ? "down" : "up");
        if (plane != null) {
            status.put("pid", plane.welcome().pid());
            status.put("build", plane.welcome().build());
        }
        lock.lock();
        try {
            status.put("ports", new ArrayList<>(wanted.keySet()));
        } finally {
            lock.unlock();
        }
        return status;
    }

    private PlaneClient current() {
        lock.lock();
        try {
            return client != null && client.isOpen() ? client : null;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Map<String, Object> counters(String port) {
        PlaneClient plane = current();
        if (plane == null) {
            return Map.of();
        }
        try {
            List<PortStats> stats = plane.stats(port);
            return stats.isEmpty() ? Map.of() : counters(stats.getFirst());
        } catch (IOException e) {
            failed("no counters from the plane", e);
            return Map.of();
        }
    }

    @Override
    public Map<String, Object> stats(String port) {
        return current() == null ? IoStats.down() : new PlaneSocket(socket, build).stats(port).members();
    }

    @Override
    public void capture(String port, PlaneSocket.Limits limits, OutputStream out, BooleanSupplier stop)
            throws IOException {
        new PlaneSocket(socket, build).capture(port, limits, out, stop);
    }

    private static Map<String, Object> counters(PortStats stats) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("rxFrames", stats.rxFrames());
        json.put("txFrames", stats.txFrames());
        json.put("rxBytes", stats.rxBytes());
        json.put("txBytes", stats.txBytes());
        IoStats.drops(json, stats.drops());
        json.put("connected", stats.connected());
        json.put("ringsRunning", stats.ringsRunning());
        json.put("uplinkConnected", stats.uplinkConnected());
        if (!stats.lastError().isEmpty()) {
            json.put("lastError", stats.lastError());
        }
        return json;
    }

    /** Says goodbye, so that the plane does not bring the agent back; a plane without ports ends as well. */
    @Override
    public void close() {
        closed = true;
        lock.lock();
        try {
            if (client != null) {
                client.bye();
                if (wanted.isEmpty()) {
                    client.shutdown();
                }
                client.close();
                client = null;
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, "no goodbye from the plane: " + e.getMessage());
        } finally {
            lock.unlock();
        }
        thread.interrupt();
    }
}
