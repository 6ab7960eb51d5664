package eu.mikelangelo.load;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.linux.Cpus;
import eu.mikelangelo.linux.EpollEventLayout;
import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.InetSockets;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;

/**
 * The loop: one thread, one epoll instance, edge-triggered. Closed loop: every connection keeps its pipeline full. Open
 * loop: operations fall due on a schedule that does not know how the server is doing; one that cannot be sent in time
 * is sent later, with its first due time as the start of its latency.
 */
final class Load implements AutoCloseable {
    private static final int EVENTS = 512;
    private static final long CONNECT_LIMIT_NS = 10_000_000_000L;
    /** After the end, answers under way are waited for this long. */
    private static final long DRAIN_LIMIT_NS = 2_000_000_000L;
    /** With operations due more often than this the loop does not sleep: epoll's timer would be late. */
    private static final long SPIN_BELOW_NS = 3_000_000L;

    private final LoadOptions options;
    private final InetSocketAddress server;
    private final Tally tally = new Tally();
    private final Arena arena = Arena.ofShared();
    private final HotCalls calls = new HotCalls();
    private final Connection[] connections;
    /** Connections that can take a request, first come first served; each at most once. */
    private final int[] ready;
    private int readyFirst;
    private int readyCount;
    private final int epoll;
    private final MemorySegment events;
    private final Keys keys;
    /** Null when nobody asked. */
    private final ProcessCpu serverCpu;
    private final long getBelow;

    private boolean issuing;
    private boolean filling;
    private int nextFill;
    private double nextDueNs;
    private double intervalNs;
    private double nextKillNs;

    Load(LoadOptions options) throws IOException {
        this.options = options;
        this.serverCpu = options.serverPid() > 0 ? ProcessCpu.of(options.serverPid()) : null;
        this.server = new InetSocketAddress(options.host(), options.port());
        this.keys = new Keys(options.keys(), options.zipf(), options.seed());
        this.getBelow = (long) (options.getShare() * (1L << 32));
        this.connections = new Connection[options.connections()];
        this.ready = new int[options.connections()];
        this.events = arena.allocate(EVENTS * EpollEventLayout.SIZE, 8);
        this.epoll = Fds.epoll();
        for (int i = 0; i < connections.length; i++) {
            connections[i] = new Connection(i, options, tally, arena);
        }
    }

    /** Runs everything. @throws IOException when the server cannot be reached */
    Report run() throws IOException {
        if (options.cpu() >= 0) {
            Cpus.pin(options.cpu());
        }
        connectAll();
        if (options.fill()) {
            fill();
        }
        long start = Clock.nowNs();
        issuing = true;
        intervalNs = options.isOpen() ? 1e9 / options.rate() : 0;
        nextDueNs = start;
        nextKillNs = options.killsPerSecond() > 0 ? start + 1e9 / options.killsPerSecond() : Double.MAX_VALUE;
        readyCount = 0;
        for (Connection connection : connections) {
            connection.queued = false;
            enqueue(connection);
        }
        loopUntil(start + (long) (options.warmupSeconds() * 1e9));
        tally.clear();
        long counted = Clock.nowNs();
        long cpuBefore = serverCpuNs();
        // What a cold start left behind belongs to the warm-up: the schedule begins anew.
        nextDueNs = Math.max(nextDueNs, counted);
        loopUntil(counted + (long) (options.seconds() * 1e9));
        double seconds = (Clock.nowNs() - counted) / 1e9;
        double serverCpuSeconds = (serverCpuNs() - cpuBefore) / 1e9;
        long operations = tally.operations();
        issuing = false;
        if (options.isOpen()) {
            // What was due and never sent has waited too: without it the worst would be missing from the figures.
            countUnsent(Clock.nowNs());
            drain();
        }
        return new Report(options, tally, operations, seconds, serverCpuSeconds);
    }

    private long serverCpuNs() throws IOException {
        return serverCpu == null ? 0 : serverCpu.ns();
    }

    private void countUnsent(long nowNs) {
        while (nextDueNs < nowNs) {
            tally.latencies.add(nowNs - (long) nextDueNs);
            tally.unsent++;
            nextDueNs += interval();
        }
    }

    // ---- connections ----

    private void connectAll() throws IOException {
        long limit = Clock.nowNs() + CONNECT_LIMIT_NS;
        int open = 0;
        for (int i = 0; i < connections.length; i++) {
            connect(connections[i]);
            // In groups that fit the backlog of any server.
            while (i - open >= 100 || i == connections.length - 1 && open < connections.length) {
                poll(10);
                open = 0;
                for (Connection connection : connections) {
                    open += connection.connected ? 1 : 0;
                }
                if (Clock.nowNs() - limit > 0) {
                    throw new IOException("only " + open + " of " + connections.length + " connections to " + server
                            + " within 10 s");
                }
            }
        }
    }

    private void connect(Connection connection) throws IOException {
        connection.fd = InetSockets.connectTcp(server);
        if (connection.fd < 0) {
            throw cannotConnect(-connection.fd);
        }
        InetSockets.noDelay(connection.fd, true);
        Fds.epollAdd(epoll, connection.fd, EpollEventLayout.EPOLLIN | EpollEventLayout.EPOLLOUT
                | EpollEventLayout.EPOLLET, connection.index);
    }

    private IOException cannotConnect(int error) {
        return new IOException("cannot connect to " + server + ": " + Errno.name(error) + " ("
                + Errno.likelyCause(error) + ")");
    }

    private void writable(Connection connection) throws IOException {
        if (!connection.connected) {
            int error = InetSockets.error(connection.fd);
            if (error != 0) {
                connection.close();
                throw cannotConnect(error);
            }
            connection.connected = true;
            enqueue(connection);
        }
        if (!connection.flush(calls)) {
            replaceLost(connection);
        }
    }

    private void replaceLost(Connection connection) throws IOException {
        tally.lost++;
        if (tally.firstComplaint == null) {
            tally.firstComplaint = "the server closed a connection";
        }
        connection.close();
        connect(connection);
    }

    /** Tears one connection down in one of the ways clients go. */
    private void kill() throws IOException {
        Connection victim = connections[(int) ((keys.bits() >>> 32) * connections.length >>> 32)];
        if (!victim.connected) {
            return;
        }
        long how = keys.bits() & 3;
        if (how == 0) {
            InetSockets.linger(victim.fd, 0);
        } else if (how == 1 && victim.hasRoom()) {
            victim.half(keys.next());
            victim.flush(calls);
        }
        tally.kills++;
        victim.close();
        connect(victim);
    }

    // ---- the loop ----

    private void loopUntil(long endNs) throws IOException {
        for (long now = Clock.nowNs(); now - endNs < 0; now = Clock.nowNs()) {
            if (now >= nextKillNs) {
                kill();
                nextKillNs += 1e9 / options.killsPerSecond();
            }
            if (options.isOpen()) {
                issueDue(now);
                poll(intervalNs < SPIN_BELOW_NS || nextDueNs - now < SPIN_BELOW_NS ? 0 : 1);
            } else {
                issueClosed(now);
                poll(options.killsPerSecond() > 0 ? 1 : 50);
            }
        }
    }

    private void poll(int timeoutMs) throws IOException {
        int count = calls.epollWait(epoll, events, timeoutMs);
        if (count < 0) {
            throw new IOException("epoll_wait: error " + -count);
        }
        long now = Clock.nowNs();
        for (int i = 0; i < count; i++) {
            Connection connection = connections[(int) EpollEventLayout.data(events, i)];
            int bits = EpollEventLayout.events(events, i);
            if (!connection.connected || (bits & EpollEventLayout.EPOLLOUT) != 0 && connection.hasOutput()) {
                writable(connection);
            }
            if (connection.connected && (bits & ~EpollEventLayout.EPOLLOUT) != 0) {
                if (!connection.receive(calls, now)) {
                    replaceLost(connection);
                } else {
                    enqueue(connection);
                }
            }
        }
    }

    private void enqueue(Connection connection) {
        if (!connection.queued && connection.hasRoom()) {
            connection.queued = true;
            int slot = readyFirst + readyCount;
            ready[slot < ready.length ? slot : slot - ready.length] = connection.index;
            readyCount++;
        }
    }

    private Connection dequeue() {
        Connection connection = connections[ready[readyFirst]];
        readyFirst = readyFirst + 1 == ready.length ? 0 : readyFirst + 1;
        readyCount--;
        connection.queued = false;
        return connection;
    }

    /** Closed loop: whoever has room is filled up. */
    private void issueClosed(long now) throws IOException {
        for (int i = readyCount; i > 0; i--) {
            Connection connection = dequeue();
            while (connection.hasRoom()) {
                request(connection, now);
            }
            if (connection.hasOutput() && !connection.flush(calls)) {
                replaceLost(connection);
            }
        }
    }

    /** Open loop: what is due, one operation to a connection, as long as any has room. */
    private void issueDue(long now) throws IOException {
        while (nextDueNs <= now && readyCount > 0) {
            Connection connection = dequeue();
            if (!connection.hasRoom()) {
                continue;
            }
            request(connection, (long) nextDueNs);
            nextDueNs += interval();
            if (!connection.flush(calls)) {
                replaceLost(connection);
            } else {
                enqueue(connection);
            }
        }
    }

    private double interval() {
        return options.poisson() ? -Math.log(1 - keys.fraction()) * intervalNs : intervalNs;
    }

    private void request(Connection connection, long since) {
        if (filling) {
            connection.set(nextFill++, since);
            return;
        }
        int key = keys.next();
        if ((keys.bits() >>> 32) < getBelow) {
            connection.get(key, since);
        } else {
            connection.set(key, since);
        }
    }

    /** Stores every key once, and waits until that is done. */
    private void fill() throws IOException {
        filling = true;
        long limit = Clock.nowNs() + 60_000_000_000L + options.keys() * 100_000L;
        while (tally.sets + tally.errors < options.keys() && Clock.nowNs() - limit < 0) {
            for (int i = readyCount; i > 0; i--) {
                Connection connection = dequeue();
                while (connection.hasRoom() && nextFill < options.keys()) {
                    request(connection, Clock.nowNs());
                }
                if (connection.hasOutput() && !connection.flush(calls)) {
                    replaceLost(connection);
                }
            }
            poll(10);
        }
        filling = false;
        if (tally.sets < options.keys() || !tally.clean()) {
            throw new IOException("of " + options.keys() + " keys " + (tally.sets - tally.errors)
                    + " could be stored; the first complaint: " + tally.firstComplaint);
        }
    }

    private void drain() throws IOException {
        long limit = Clock.nowNs() + DRAIN_LIMIT_NS;
        boolean open = true;
        while (open && Clock.nowNs() - limit < 0) {
            poll(1);
            open = false;
            for (Connection connection : connections) {
                open |= connection.pending() > 0;
            }
        }
    }

    @Override
    public void close() {
        for (Connection connection : connections) {
            connection.close();
        }
        Fds.close(epoll);
        arena.close();
    }
}
