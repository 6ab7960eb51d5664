package eu.mikelangelo.machines.guest;

import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * The host's end of {@code mike.control} of one machine, over the Unix socket of QEMU's chardev.
 *
 * <pre>{@code
 * try (GuestChannel guest = GuestChannel.connect(socket, GuestChannel.First.YES, listener)) {
 *     guest.awaitWelcome(Duration.ofSeconds(30));
 *     GuestProcess ls = guest.exec(GuestChannel.Command.of("ls", "-l"));
 *     ls.input().close();
 *     ls.output().transferTo(System.out);
 *     int code = ls.waitFor();
 * }
 * }</pre>
 *
 * <p>May be connected before the guest boots: its HELLO waits in the socket. Only one connection per machine at a time
 * (QEMU does not serve a second). All methods may be called from any thread; none waits for the guest unless it says
 * so. Two virtual threads, a reader and a writer, belong to each connection and end with it.
 */
public final class GuestChannel implements AutoCloseable {
    private static final int MAX_ERROR_CHARS = 1024;
    private static final Duration FLUSH = Duration.ofSeconds(5);
    private static final SecureRandom RANDOM = new SecureRandom();

    /** Whether an earlier host side may have spoken with this guest. */
    public enum First {
        /** The machine was just started by us. */
        YES,
        /** We (or a predecessor) were connected before: finish what was left half said. */
        NO
    }

    /** Who hears of the guest. Called by the connection's reader thread: return soon, never wait for the guest. */
    public interface Listener {
        /** One status line; on each connection all lines since the machine's boot come (again) before newer ones. */
        void event(GuestEvent event);

        /**
         * The connection ended: {@link #close} was called, QEMU ended, or the guest broke the protocol. Called once.
         */
        void closed(String reason);
    }

    /**
     * A program to run.
     *
     * @param argv    the words, at least one; found in the application's PATH
     * @param user    {@code UID[:GID[,GID...]]} in numbers, or empty for the application's user
     * @param workdir where it starts
     */
    public record Command(List<String> argv, String user, String workdir) {
        public Command {
            argv = List.copyOf(argv);
            if (argv.isEmpty()) {
                throw new Failure(Failure.Kind.BAD_INPUT, "no command was given",
                        "name a program to run in the machine");
            }
        }

        public static Command of(String... argv) {
            return new Command(List.of(argv), "", "/");
        }
    }

    private final SocketChannel socket;
    private final Listener listener;
    private final GuestFrameDecoder decoder;
    private final StatusReader status;
    private final Outbox outbox;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Integer, GuestProcess> open = new HashMap<>();
    private int lastId;
    private long pongs;
    /** Init has answered; then also what it said before has been told. */
    private boolean welcomed;
    private boolean caughtUp;
    private String closedBecause;

    private GuestChannel(SocketChannel socket, First first, Listener listener) {
        byte[] nonce = new byte[GuestFrame.NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        this.socket = socket;
        this.listener = listener;
        decoder = new GuestFrameDecoder(nonce);
        status = new StatusReader(listener::event);
        outbox = new Outbox(socket, this::end);
        if (first == First.NO) {
            outbox.offer(new byte[GuestFrame.PADDING_BYTES]);
        }
        outbox.offer(new GuestFrame(GuestFrame.HELLO, 0, nonce).encode());
    }

    /**
     * Connects to QEMU's socket and says HELLO.
     *
     * @throws IOException when nothing listens there
     */
    public static GuestChannel connect(Path path, First first, Listener listener) throws IOException {
        SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            socket.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
        GuestChannel channel = new GuestChannel(socket, first, listener);
        channel.outbox.start();
        Thread.ofVirtual().name("guest-reader").start(channel::read);
        return channel;
    }

    /**
     * Waits until init has answered and the listener knows the status so far.
     *
     * @throws Failure TIMEOUT when it does not in time, UNAVAILABLE when the connection ends first
     */
    public void awaitWelcome(Duration timeout) throws InterruptedException {
        await(timeout, () -> caughtUp, "init in the guest did not answer within " + timeout.toMillis() + " ms");
    }

    /** SIGTERM to the application, SIGKILL after its grace, then power off. Returns at once. */
    public void stop() {
        tell(GuestFrame.of(GuestFrame.STOP, 0));
    }

    /** A signal (1 to 64) to the application. */
    public void signal(int number) {
        tell(GuestFrame.ofNumbers(GuestFrame.SIGNAL, 0, number));
    }

    /** The size of the console's terminal. */
    public void resize(int rows, int columns) {
        tell(GuestFrame.ofNumbers(GuestFrame.RESIZE, 0, (rows & 0xffff) | columns << 16));
    }

    /**
     * Waits until init answers a ping.
     *
     * @return how long that took, in nanoseconds
     */
    public long ping(Duration timeout) throws InterruptedException {
        long before = System.nanoTime();
        long seen;
        lock.lock();
        try {
            seen = pongs;
        } finally {
            lock.unlock();
        }
        tell(GuestFrame.of(GuestFrame.PING, 0));
        await(timeout, () -> pongs > seen,
                "init in the guest did not answer a ping within " + timeout.toMillis() + " ms");
        return System.nanoTime() - before;
    }

    /** Starts a program; whether that worked is told by its streams and {@link GuestProcess#waitFor}. */
    public GuestProcess exec(Command command) {
        List<String> words = new ArrayList<>(List.of(command.user(), command.workdir()));
        words.addAll(command.argv());
        return begin(GuestFrame.EXEC, words);
    }

    /**
     * Copies a regular file out of the guest; waits for the end.
     *
     * @return its bytes
     * @throws Failure GUEST when the guest cannot read it
     */
    public long get(String path, OutputStream to) throws IOException, InterruptedException {
        try (GuestProcess copy = begin(GuestFrame.GET, List.of(absolute(path)))) {
            long bytes = 0;
            byte[] buffer = new byte[GuestFrame.MAX_PAYLOAD_BYTES];
            try {
                for (int n; (n = copy.output().read(buffer)) >= 0; bytes += n) {
                    to.write(buffer, 0, n);
                }
            } catch (IOException e) {
                if (e.getCause() != null && e.getCause().getCause() instanceof Failure failure) {
                    throw failure;
                }
                throw e;
            }
            copy.waitFor();
            return bytes;
        }
    }

    /**
     * Copies into the guest: the file appears whole or not at all. Waits for the end.
     *
     * @param mode permission bits
     * @return its bytes
     * @throws Failure GUEST when the guest cannot write it
     */
    public long put(InputStream from, String path, int mode) throws IOException, InterruptedException {
        try (GuestProcess copy = begin(GuestFrame.PUT, List.of(Integer.toOctalString(mode & 07777), absolute(path)))) {
            long bytes = from.transferTo(copy.input());
            copy.input().close();
            copy.waitFor();
            return bytes;
        }
    }

    private static String absolute(String path) {
        if (!path.startsWith("/")) {
            throw new Failure(Failure.Kind.BAD_INPUT, "the path in the machine is not absolute: " + path,
                    "begin it with /");
        }
        return path;
    }

    private GuestProcess begin(int type, List<String> words) {
        GuestProcess process;
        GuestFrame request;
        lock.lock();
        try {
            if (closedBecause != null || !welcomed) {
                throw gone();
            }
            if (open.size() >= GuestFrame.MAX_CHANNELS) {
                throw new Failure(Failure.Kind.CONFLICT, "8 commands or copies are under way in the machine",
                        "wait for one of them to end");
            }
            if (lastId == 0xffff) {
                throw new Failure(Failure.Kind.UNAVAILABLE, "the connection has used up its channels", "reconnect");
            }
            int id = ++lastId;
            request = GuestFrame.ofWords(type, id, words);
            process = new GuestProcess(this, id);
            open.put(id, process);
        } catch (IllegalArgumentException e) {
            throw new Failure(Failure.Kind.BAD_INPUT, e.getMessage(), "", e);
        } finally {
            lock.unlock();
        }
        tell(request);  // not under the lock: it may end the connection, which takes the locks of streams
        return process;
    }

    /** Queues a frame; when too many wait, the guest has long ceased to read and the connection is ended. */
    void tell(GuestFrame frame) {
        if (!outbox.offer(frame.encode())) {
            end("the guest does not read what it is told");
        }
    }

    private void await(Duration timeout, BooleanSupplier condition, String message) throws InterruptedException {
        long left = timeout.toNanos();
        lock.lock();
        try {
            while (!condition.getAsBoolean()) {
                if (closedBecause != null) {
                    throw gone();
                }
                if (left <= 0) {
                    throw new Failure(Failure.Kind.TIMEOUT, message, "see the machine's kernel log");
                }
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    private Failure gone() {
        return closedBecause == null
                ? new Failure(Failure.Kind.UNAVAILABLE, "the machine has not booted yet", "wait until it is ready")
                : new Failure(Failure.Kind.UNAVAILABLE, "the connection to the guest ended: " + closedBecause,
                        "see whether the machine still runs");
    }

    private void read() {
        String reason = "the machine closed it";
        try {
            while (socket.read(decoder.room()) >= 0) {
                decoder.fed();
                for (GuestFrame frame; (frame = decoder.next()) != null; ) {
                    take(frame);
                }
            }
        } catch (GuestFrameDecoder.Broken e) {
            reason = e.getMessage();
        } catch (IOException e) {
            // A QEMU that is killed resets it: the words of the system, not the name of a Java class, are for people.
            reason = e.getMessage();
        } finally {
            end(reason);
            String why;
            lock.lock();
            try {
                why = closedBecause;
            } finally {
                lock.unlock();
            }
            listener.closed(why);
        }
    }

    private void take(GuestFrame frame) {
        byte[] payload = frame.payload();
        switch (frame.type()) {
            case GuestFrame.WELCOME -> {
                if (!welcomed) {
                    // Who hears of an event may use the channel at once; who waits for the welcome has heard of all.
                    update(() -> welcomed = true);
                    status.feed(payload, GuestFrame.NONCE_BYTES, payload.length - GuestFrame.NONCE_BYTES);
                    update(() -> caughtUp = true);
                }
            }
            case GuestFrame.STATUS -> status.feed(payload, 0, payload.length);
            case GuestFrame.PONG -> update(() -> pongs++);
            default -> {
                GuestProcess process = find(frame.channel());
                if (process != null) {
                    process.take(frame);
                }
            }
        }
    }

    private GuestProcess find(int id) {
        lock.lock();
        try {
            return open.get(id);
        } finally {
            lock.unlock();
        }
    }

    /** A process has ended: its channel can be used by another. */
    void forget(int id) {
        update(() -> open.remove(id));
    }

    private void update(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the connection once; whoever waits learns the reason. */
    private void end(String reason) {
        List<GuestProcess> left;
        lock.lock();
        try {
            if (closedBecause != null) {
                return;
            }
            closedBecause = reason;
            left = List.copyOf(open.values());
            open.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        for (GuestProcess process : left) {
            process.end(gone());
        }
        outbox.stop();
        try {
            socket.close();
        } catch (IOException e) {
            // It is gone either way.
        }
    }

    /**
     * Ends the connection after what was told is sent (waits at most 5 seconds for a guest that does not read); init
     * then kills the programs started over it. The machine goes on.
     */
    @Override
    public void close() {
        outbox.flush(FLUSH);
        end("closed by us");
    }

    /** Text of a guest for an operator: bounded, printable. */
    static String text(byte[] payload) {
        String text = new String(payload, 0, Math.min(payload.length, MAX_ERROR_CHARS), StandardCharsets.UTF_8);
        return StatusReader.printable(text);
    }
}
