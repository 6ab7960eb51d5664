package eu.mikelangelo.ioplane;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.linux.Cpus;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.metrics.DistinctErrors;
import eu.mikelangelo.vhost.BackendHandler;
import eu.mikelangelo.virtio.QueueConfig;
import eu.mikelangelo.virtio.QueueFault;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * One thread that moves packets: it owns a {@link Switch}, the ports in it and their uplinks.
 *
 * <p>A turn: commands, each port's burst, uplinks. After a while without work ({@link IoOptions#spinNs}) it asks all
 * guests to kick, looks once more, and sleeps in epoll until a kick, a frame from an uplink, a command or a deadline.
 * Asleep it costs nothing.
 *
 * <p>Threading: {@link #addPort}, {@link #removePort}, {@link #handler} and {@link #close} may be called by any
 * thread but the core's own; each waits until the core has done it. A guest that cannot be served (its memory
 * vanished) loses its port's queues; the core goes on.
 */
public final class IoCore implements AutoCloseable {
    /** While busy, the sockets and the eventfds are looked at this often. */
    private static final long EVENTS_EVERY_NS = 20_000;
    private static final int SPINS = 8;
    private static final int KIND_WAKE = 0;
    private static final int KIND_KICK = 1;
    private static final int KIND_UPLINK = 2;
    private static final int KIND_BITS = 2;

    private final IoOptions options;
    private final HotCalls calls = new HotCalls();
    private final CallGuard bell = new CallGuard(calls);
    private final Poller poller = new Poller(calls);
    private final int wakeFd = Fds.eventFd();
    private final Switch fabric;
    private final Kicks kicks;
    private final Uplink[] uplinks = new Uplink[Switch.MAX_PORTS];
    private final ConcurrentLinkedQueue<Command> commands = new ConcurrentLinkedQueue<>();
    private final DistinctErrors errors;
    private final Breakdown breakdown;
    private final Thread thread;
    private volatile boolean asleep;
    private volatile boolean dead;
    private volatile long sleeps;
    private boolean stopping;
    /** Whose turn it is, to be blamed when nobody else can be. */
    private Port serving;
    private long workedNs;
    private long eventsNs;

    /**
     * @param options fixed for the core's life
     * @param errors receives what broke
     */
    public IoCore(IoOptions options, DistinctErrors errors) {
        this.options = options;
        this.errors = errors;
        fabric = new Switch(new FrameRules(options.gatewayMac(), options.gatewayIpv4()), bell);
        kicks = new Kicks(fabric);
        breakdown = new Breakdown(fabric, errors);
        poller.watchInput(wakeFd, KIND_WAKE);
        thread = new Thread(this::run, "io-core");
        thread.setDaemon(true);
    }

    /** Starts the thread. */
    public void start() {
        thread.start();
    }

    /** @return the thread's Java identifier, for its CPU time and affinity */
    public long threadId() {
        return thread.threadId();
    }

    /**
     * @return false when the thread has ended, by {@link #close} or because of a bug: then nothing is served any more
     */
    public boolean alive() {
        return !dead;
    }

    /** @return how often the core went to sleep */
    public long sleeps() {
        return sleeps;
    }

    /**
     * Adds a port; its uplink, if it has one, is connected from now on.
     *
     * @throws IllegalStateException when there are {@value Switch#MAX_PORTS} ports already or the core has ended
     */
    public Port addPort(PortConfig config) {
        Port port = new Port(config);
        execute(new Command() {
            @Override
            void run() {
                if (!fabric.add(port, Clock.nowNs())) {
                    throw new IllegalStateException("port " + port.name() + ": a core has at most " + Switch.MAX_PORTS);
                }
                if (config.uplink() != null) {
                    Uplink uplink = new Uplink(port, options.gatewayIpv4(), poller, calls,
                            token(port, KIND_UPLINK), Clock.nowNs());
                    uplinks[port.slot] = uplink;
                    port.outlet = uplink;
                }
            }
        });
        return port;
    }

    /** Removes a port; its rings are let go of and its uplink closed. Twice is no error. */
    public void removePort(Port port) {
        execute(new Command() {
            @Override
            void run() {
                if (port.slot < 0) {
                    return;
                }
                detach(port, PortHandler.RECEIVE);
                detach(port, PortHandler.TRANSMIT);
                port.outlet = null;
                if (uplinks[port.slot] != null) {
                    uplinks[port.slot].close();
                    uplinks[port.slot] = null;
                }
                fabric.remove(port);
            }
        });
    }

    /** @return the device behind a vhost-user session, to be given to that session; one per session */
    public BackendHandler handler(Port port) {
        return new PortHandler(this, port);
    }

    /** Ends the thread and closes what the core opened; the rings of guests are let go of. */
    @Override
    public void close() {
        if (!thread.isAlive()) {
            return;
        }
        execute(new Command() {
            @Override
            void run() {
                stopping = true;
            }
        });
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Hands a command to the core and waits until it was run. */
    void execute(Command command) {
        if (thread.getState() == Thread.State.NEW) {
            throw new IllegalStateException("the I/O core was not started");
        }
        commands.add(command);
        // The add above and the read below are both volatile; the core stores asleep, then looks at the queue. One
        // sees the other.
        if (asleep) {
            new HotCalls().signal(wakeFd);
        }
        boolean interrupted = false;
        while (!command.done && !(dead && commands.remove(command))) {
            if (dead) {
                break;
            }
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (!command.done) {
            throw new IllegalStateException("the I/O core has ended");
        }
        if (command.failure != null) {
            throw command.failure;
        }
    }

    /** On the core: begins to serve a ring. */
    QueueFault attach(Port port, int index, GuestMemory memory, QueueConfig config, int kickFd, int callFd) {
        if (port.slot < 0) {
            return QueueFault.NOT_ATTACHED;
        }
        detach(port, index);
        boolean receive = index == PortHandler.RECEIVE;
        // Before the ring is attached: when it is refused, nothing of the guest's is kept.
        poller.watchInput(kickFd, token(port, KIND_KICK));
        QueueFault fault = receive ? port.rx.attach(memory, config) : port.tx.attach(memory, config);
        if (fault != QueueFault.NONE) {
            poller.forget(kickFd);
            return fault;
        }
        if (receive) {
            port.rxKickFd = kickFd;
            port.rxCallFd = callFd;
            port.rx.queue().suppressKicks();
        } else {
            port.txKickFd = kickFd;
            port.txCallFd = callFd;
            port.tx.queue().suppressKicks();
        }
        port.fault(QueueFault.NONE);
        fabric.forgetWaiters(port);
        if (callFd >= 0) {
            // A call may have been lost between two call descriptors or two back-ends; a spurious one is harmless.
            bell.ring(callFd);
        }
        return QueueFault.NONE;
    }

    /** On the core: lets go of a ring. @return the next available index */
    int detach(Port port, int index) {
        boolean receive = index == PortHandler.RECEIVE;
        int kickFd = receive ? port.rxKickFd : port.txKickFd;
        if (kickFd >= 0) {
            poller.forget(kickFd);
        }
        if (receive) {
            port.rxKickFd = -1;
            port.rxCallFd = -1;
        } else {
            port.txKickFd = -1;
            port.txCallFd = -1;
        }
        fabric.forgetWaiters(port);
        port.waitsFor = null;
        return receive ? port.rx.detach() : port.tx.detach();
    }

    /**
     * Looks whether a hostile front-end holds the core in a call (see {@link CallGuard}), and ends that. To be called
     * now and then, by one thread: two looks find it.
     *
     * @return the port whose front-end it was, to be removed; null when the core was not held, or still is
     */
    public Port freeFromCall() {
        return bell.free(fabric, errors);
    }

    private static long token(Port port, int kind) {
        return (long) port.slot << KIND_BITS | kind;
    }

    private void run() {
        try {
            if (options.cpu() >= 0) {
                pin();
            }
            loop();
        } catch (RuntimeException | Error e) {
            errors.record("the I/O core ended", String.valueOf(e));
        } finally {
            end();
        }
    }

    private void pin() {
        try {
            Cpus.pin(options.cpu());
        } catch (LinuxException e) {
            errors.record("the I/O core could not be pinned to CPU " + options.cpu(), String.valueOf(e.getMessage()));
        }
    }

    private void loop() {
        workedNs = Clock.nowNs();
        eventsNs = workedNs;
        while (!stopping) {
            try {
                step();
            } catch (InternalError late) {
                // A vanished guest's: raised wherever the core was by then, a system call for example.
                broken(late);
            }
        }
    }

    private void step() {
        long nowNs = Clock.nowNs();
        if (!commands.isEmpty()) {
            runCommands();
            workedNs = nowNs;
            // A command may have asked to stop: never sleep on it.
            return;
        }
        if (turn(nowNs) > 0) {
            workedNs = nowNs;
        } else if (nowNs - workedNs >= options.spinNs()) {
            sleep(nowNs);
            workedNs = Clock.nowNs();
            eventsNs = workedNs;
            return;
        } else {
            for (int i = 0; i < SPINS; i++) {
                Thread.onSpinWait();
            }
        }
        if (nowNs - eventsNs >= EVENTS_EVERY_NS) {
            events(0);
            eventsNs = nowNs;
        }
    }

    /** One look at everything. @return frames moved */
    private int turn(long nowNs) {
        int moved = 0;
        int slot = 0;
        while (slot < fabric.top()) {
            try {
                for (; slot < fabric.top(); slot++) {
                    Port port = fabric.port(slot);
                    if (port != null) {
                        serving = port;
                        moved += serve(port, uplinks[slot], nowNs);
                    }
                }
            } catch (InternalError | RuntimeException e) {
                broken(e);
                slot++;
            }
        }
        serving = null;
        return moved;
    }

    private int serve(Port port, Uplink uplink, long nowNs) {
        int moved = fabric.burst(port, nowNs);
        if (moved > 0) {
            fabric.flush();
        }
        if (uplink != null) {
            int arrived = uplink.turn(fabric, nowNs);
            if (arrived > 0) {
                fabric.flush();
                moved += arrived;
            }
        }
        return moved;
    }

    private void broken(Throwable cause) {
        breakdown.contain(cause, serving);
        serving = null;
    }

    private void runCommands() {
        for (Command command = commands.poll(); command != null; command = commands.poll()) {
            try {
                command.run();
            } catch (RuntimeException e) {
                command.failure = e;
            } catch (InternalError e) {
                // Perhaps another guest's than the command's, and late.
                breakdown.contain(e, null);
                command.failure = new IllegalStateException("a guest's memory vanished", e);
            }
            command.done = true;
            LockSupport.unpark(command.waiter);
        }
    }

    private void sleep(long nowNs) {
        asleep = true;
        int timeoutMs = 0;
        try {
            if (kicks.arm() && commands.isEmpty()) {
                timeoutMs = timeoutMs(nowNs);
                sleeps = sleeps + 1;
            }
        } catch (InternalError | RuntimeException e) {
            breakdown.contain(e, kicks.asked());
        }
        events(timeoutMs);
        asleep = false;
        try {
            kicks.suppress();
        } catch (InternalError | RuntimeException e) {
            breakdown.contain(e, kicks.asked());
        }
    }

    /** @return milliseconds until something is due, rounded up; -1 when nothing is */
    private int timeoutMs(long nowNs) {
        long next = fabric.nextDeadlineNs();
        for (int i = 0; i < fabric.top(); i++) {
            if (uplinks[i] != null) {
                next = Math.min(next, uplinks[i].deadlineNs());
            }
        }
        if (next == Long.MAX_VALUE) {
            return -1;
        }
        return Math.clamp((next - nowNs + 999_999) / 1_000_000, 0, 60_000);
    }

    private void events(int timeoutMs) {
        int count = poller.poll(timeoutMs);
        for (int i = 0; i < count; i++) {
            long token = poller.token(i);
            int slot = (int) (token >>> KIND_BITS);
            int kind = (int) token & (1 << KIND_BITS) - 1;
            if (kind == KIND_UPLINK && uplinks[slot] != null) {
                uplinks[slot].event(poller.readable(i), poller.writable(i));
            } else if (kind == KIND_KICK && fabric.port(slot) != null) {
                fabric.port(slot).count(Port.KICKS, 1);
            }
        }
    }

    private void end() {
        for (int i = 0; i < fabric.top(); i++) {
            if (fabric.port(i) != null) {
                fabric.port(i).rx.detach();
                fabric.port(i).tx.detach();
            }
        }
        dead = true;
        for (int i = 0; i < uplinks.length; i++) {
            if (uplinks[i] != null) {
                uplinks[i].close();
            }
        }
        poller.close();
        Fds.close(wakeFd);
        for (Command command = commands.poll(); command != null; command = commands.poll()) {
            command.failure = new IllegalStateException("the I/O core has ended");
            command.done = true;
            LockSupport.unpark(command.waiter);
        }
    }
}
