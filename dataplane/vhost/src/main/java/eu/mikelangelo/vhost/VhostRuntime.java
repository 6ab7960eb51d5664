package eu.mikelangelo.vhost;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.linux.EpollEventLayout;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Serves any number of vhost-user sockets on one control thread: connects or listens, reconnects for as long as a port
 * exists, carries messages to sessions. QEMU and its guest stand still while it waits for an answer, so nothing here
 * waits for anything but the I/O core.
 *
 * <p>{@link #add}, {@link #remove} and {@link #close} may be called from any thread but the control thread; the latter
 * two return when no handler of the port will be called any more.
 */
public final class VhostRuntime implements AutoCloseable {
    /** Most ports of one runtime. */
    public static final int MAX_PORTS = 1024;

    /** Receives what goes wrong with sockets and peers; called on the control thread, must not block. */
    public interface Log {
        void problem(String path, String what);
    }

    private enum Verb { ADD, REMOVE, STOP }

    private record Command(Verb verb, VhostPort port, CountDownLatch done) {}

    private static final long WAKE = -1;
    private static final int EVENTS = 64;

    private final HotCalls calls = new HotCalls();
    private final MemorySegment events = Arena.ofAuto().allocate(EVENTS * EpollEventLayout.SIZE, 8);
    private final int epoll = Fds.epoll();
    private final int wake = Fds.eventFd();
    private final ConcurrentLinkedQueue<Command> commands = new ConcurrentLinkedQueue<>();
    private final ReentrantLock sending = new ReentrantLock();
    private final VhostPort[] ports = new VhostPort[MAX_PORTS];
    private final Connector connector;
    private final Thread thread;
    private volatile boolean stopped;

    /** Starts the control thread. */
    public VhostRuntime(String threadName, Log log) {
        connector = new Connector(epoll, log);
        Fds.epollAdd(epoll, wake, EpollEventLayout.EPOLLIN, WAKE);
        thread = Thread.ofPlatform().name(threadName).daemon(true).start(this::run);
    }

    /**
     * Serves a socket from now on. Returns when the first attempt to connect or to listen has been made.
     *
     * @param path at most {@link eu.mikelangelo.linux.UnixSockets#MAX_PATH} bytes
     * @param server true: listen at {@code path} and serve one front-end at a time; false: connect to it
     * @param handler called on the control thread
     * @throws IllegalStateException when there are {@link #MAX_PORTS} already, or the runtime is closed
     */
    public VhostPort add(String path, boolean server, BackEndConfig config, BackendHandler handler) {
        VhostPort port = new VhostPort(path, server, config, handler);
        port.slot = -1;
        tell(Verb.ADD, port);
        if (port.slot < 0) {
            throw new IllegalStateException("no room for vhost-user port " + path + ": " + MAX_PORTS
                    + " ports, or closed");
        }
        return port;
    }

    /** Disconnects and forgets a port. Does nothing when it has been removed before. */
    public void remove(VhostPort port) {
        tell(Verb.REMOVE, port);
    }

    /** Removes all ports and ends the control thread; returns when it has ended. */
    @Override
    public void close() {
        tell(Verb.STOP, null);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void tell(Verb verb, VhostPort port) {
        if (Thread.currentThread() == thread) {
            throw new IllegalStateException("called from a handler: " + verb);
        }
        CountDownLatch done = new CountDownLatch(1);
        // The lock keeps the descriptor open: after the end its number may be somebody else's.
        sending.lock();
        try {
            if (!stopped) {
                commands.add(new Command(verb, port, done));
                new HotCalls().signal(wake);
            }
        } finally {
            sending.unlock();
        }
        boolean interrupted = false;
        while (done.getCount() > 0 && !stopped) {
            try {
                done.await(100, TimeUnit.MILLISECONDS);
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            boolean goOn = true;
            while (goOn) {
                int ready = calls.epollWait(epoll, events, timeoutMs());
                for (int i = 0; i < ready; i++) {
                    dispatch(EpollEventLayout.data(events, i));
                }
                goOn = obey();
                retry();
            }
        } finally {
            for (VhostPort port : ports) {
                forget(port);
            }
            sending.lock();
            stopped = true;
            obey();
            Fds.close(epoll);
            Fds.close(wake);
            sending.unlock();
        }
    }

    private void dispatch(long data) {
        if (data == WAKE) {
            calls.drain(wake);
            return;
        }
        VhostPort port = ports[(int) data];
        if (port == null) {
            return;
        }
        if (port.socket >= 0) {
            connector.receive(port);
        } else {
            connector.accept(port);
        }
    }

    /** @return false when it was told to stop */
    private boolean obey() {
        boolean goOn = true;
        for (Command command = commands.poll(); command != null; command = commands.poll()) {
            switch (command.verb()) {
                case ADD -> admit(command.port());
                case REMOVE -> forget(command.port());
                case STOP -> goOn = false;
            }
            command.done().countDown();
        }
        return goOn;
    }

    private void admit(VhostPort port) {
        for (int slot = 0; slot < ports.length && !stopped; slot++) {
            if (ports[slot] == null) {
                ports[slot] = port;
                port.slot = slot;
                connector.begin(port);
                return;
            }
        }
    }

    private void forget(VhostPort port) {
        if (port != null && port.slot >= 0 && ports[port.slot] == port) {
            connector.end(port);
            ports[port.slot] = null;
        }
    }

    private void retry() {
        long now = Clock.nowNs();
        for (VhostPort port : ports) {
            if (port != null && connector.wants(port) && port.retryNs - now <= 0) {
                connector.attempt(port);
            }
        }
    }

    /** Milliseconds to the next attempt to connect, -1 when every port is connected or listens. */
    private int timeoutMs() {
        long soonest = Long.MAX_VALUE;
        long now = Clock.nowNs();
        for (VhostPort port : ports) {
            if (port != null && connector.wants(port)) {
                soonest = Math.min(soonest, Math.max(0, port.retryNs - now));
            }
        }
        return soonest == Long.MAX_VALUE ? -1 : (int) Math.min(soonest / 1_000_000 + 1, 1_000);
    }
}
