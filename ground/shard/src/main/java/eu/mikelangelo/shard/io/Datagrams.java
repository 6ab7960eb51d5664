package eu.mikelangelo.shard.io;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.InetSockets;
import eu.mikelangelo.linux.IovecLayout;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.MessageLayout;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Again;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.Signal;
import eu.mikelangelo.shard.Watcher;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.net.InetSocketAddress;
import java.util.Objects;

/**
 * A UDP socket. A fiber that receives waits and the shard does other work meanwhile; a {@link Handler} is told on the
 * loop; a future of a datagram is a fiber that receives it. Nothing is allocated per datagram.
 *
 * <p>Nothing grows without limit: what comes waits in the receive buffer of the socket ({@link #receiveBuffer}), what
 * cannot leave at once in a queue of {@value #QUEUE}; what finds them full is thrown away and counted.
 *
 * <p>Threading: one shard's alone; one fiber receives at a time.
 */
public final class Datagrams implements AutoCloseable {
    /** The longest datagram over IPv4, in bytes. */
    public static final int MAX_BYTES = 65_507;
    /** Datagrams that may wait to be sent. */
    public static final int QUEUE = 64;
    private static final int PER_TURN = 64;

    /** Is told of datagrams, on the loop in the lane of who set it. */
    @FunctionalInterface
    public interface Handler {
        /** @param data valid, as {@code from} is, until this returns: {@code length} bytes from its start */
        void datagram(Region data, int length, Peer from);
    }

    /** What sends a message: the kernel, or a test. */
    interface Sender {
        int send(int fd, MemorySegment header);
    }

    private final Shard shard = Shard.current();
    private final HotCalls calls = shard.calls();
    private final Sender sender;
    private final int fd;
    private final long token;
    private final Signal news = new Signal();
    private final MemorySegment header = Arena.ofAuto().allocate(MessageLayout.SIZE, 8);
    private final MemorySegment iovec = Arena.ofAuto().allocate(IovecLayout.SIZE, 8);
    private final Region[] waiting = new Region[QUEUE];
    private final int[] lengths = new int[QUEUE];
    private final Peer[] receivers = new Peer[QUEUE];
    private int head;
    private int count;
    private Handler handler;
    private Region input;
    private Peer sentBy;
    private Again turn;
    private long received;
    private long sent;
    private long truncated;
    private long overflowed;
    private long failed;
    private boolean closed;

    Datagrams(int fd, Sender sender) {
        this.fd = fd;
        this.sender = sender == null ? calls::sendmsg : sender;
        token = shard.watch(fd, this::ready);
    }

    /**
     * On a shard: binds a socket. Port 0 takes a free one.
     *
     * @throws LinuxException when the address is in use, say
     */
    public static Datagrams bind(InetSocketAddress address) {
        return new Datagrams(InetSockets.bindUdp(address, false), null);
    }

    /** As {@link #bind}, where several shards bind the same address: the kernel spreads what comes by its sender. */
    public static Datagrams bindShared(InetSocketAddress address) {
        return new Datagrams(InetSockets.bindUdp(address, true), null);
    }

    /** Where it is bound. */
    public InetSocketAddress local() {
        return InetSockets.local(fd);
    }

    /** Asks for room for so many bytes of what has come and was not received; the system may cut it. */
    public void receiveBuffer(int bytes) {
        InetSockets.receiveBuffer(fd, bytes);
    }

    /**
     * On a fiber: waits for a datagram. What does not fit {@code length} is cut off, and counted.
     *
     * @param from is filled with its sender
     * @return its bytes, perhaps 0; -1 when the socket was closed
     * @throws LinuxException when the socket failed
     */
    public int receive(Region to, long at, int length, Peer from) {
        while (!closed) {
            int got = tryReceive(to, at, length, from);
            if (got >= 0) {
                return got;
            }
            news.await();
        }
        return -1;
    }

    /** As {@link #receive}, without waiting. @return -1 when there is none */
    public int tryReceive(Region to, long at, int length, Peer from) {
        Objects.checkFromIndexSize(at, length, to.size());
        while (!closed) {
            IovecLayout.set(iovec, 0, to.segment().address() + at, length);
            MessageLayout.set(header, from.memory(), iovec, 1);
            int got = calls.recvmsg(fd, header);
            Reference.reachabilityFence(to);
            if (got >= 0) {
                from.length(MessageLayout.nameLength(header));
                received++;
                truncated += (MessageLayout.flags(header) & MessageLayout.MSG_TRUNC) != 0 ? 1 : 0;
                return got;
            }
            if (got == -Errno.EAGAIN) {
                return -1;
            }
            // What a datagram sent before has met with (ICMP) is told here; the next may do better.
            if (got != -Errno.EINTR && got != -Errno.ECONNREFUSED && got != -Errno.EHOSTUNREACH
                    && got != -Errno.ENETUNREACH) {
                throw new LinuxException("recvmsg", "UDP", -got);
            }
        }
        return -1;
    }

    /** From now on a handler is told of each datagram, in the caller's lane; fibers receive none any more. */
    public void onDatagram(Handler newHandler) {
        handler = newHandler;
        if (input == null) {
            input = new Region(Arena.ofAuto().allocate(1 << 16, 8));
            sentBy = new Peer();
            turn = shard.again(this::handle);
        }
        turn.soon();
    }

    private void handle() {
        for (int i = 0; i < PER_TURN && !closed; i++) {
            int got = tryReceive(input, 0, 1 << 16, sentBy);
            if (got < 0) {
                return;
            }
            handler.datagram(input, got, sentBy);
        }
        turn.soon();
    }

    /**
     * Sends a datagram, or queues a copy of it when the socket has no room now. The buffer is free when this returns.
     *
     * @param length 0 to {@value #MAX_BYTES}
     * @return false when it was thrown away: the queue is full, or the kernel refused it ({@link #failed})
     * @throws IllegalArgumentException when it is too long
     * @throws IllegalStateException when the socket is closed
     */
    public boolean send(Region from, long at, int length, Peer to) {
        Objects.checkFromIndexSize(at, length, from.size());
        if (length > MAX_BYTES) {
            throw new IllegalArgumentException("a datagram of " + length + " bytes; at most " + MAX_BYTES);
        }
        if (closed) {
            throw new IllegalStateException("the socket is closed");
        }
        int result = count > 0 ? -Errno.EAGAIN : transmit(from, at, length, to);
        if (result == -Errno.EAGAIN) {
            return enqueue(from, at, length, to);
        }
        return count(result);
    }

    private boolean count(int result) {
        sent += result >= 0 ? 1 : 0;
        failed += result >= 0 ? 0 : 1;
        return result >= 0;
    }

    private int transmit(Region from, long at, int length, Peer to) {
        int result;
        do {
            IovecLayout.set(iovec, 0, from.segment().address() + at, length);
            MessageLayout.set(header, to.memory(), iovec, 1);
            MessageLayout.nameLength(header, to.length());
            result = sender.send(fd, header);
            Reference.reachabilityFence(from);
        } while (result == -Errno.EINTR);
        return result;
    }

    private boolean enqueue(Region from, long at, int length, Peer to) {
        if (count == QUEUE) {
            overflowed++;
            return false;
        }
        int place = (head + count) % QUEUE;
        if (waiting[place] == null || waiting[place].size() < length) {
            // Powers of two: the queue allocates until it has seen how long datagrams are here.
            waiting[place] = new Region(Arena.ofAuto().allocate(Math.max(256, Long.highestOneBit(length * 2L - 1)), 8));
        }
        if (receivers[place] == null) {
            receivers[place] = new Peer();
        }
        Region.copy(from, at, waiting[place], 0, length);
        lengths[place] = length;
        receivers[place].set(to);
        count++;
        return true;
    }

    private void ready(int what) {
        if ((what & Watcher.WRITABLE) != 0) {
            flush();
        }
        if ((what & (Watcher.READABLE | Watcher.ENDED)) != 0) {
            news.raise();
            if (turn != null) {
                turn.soon();
            }
        }
    }

    /** Sends what waits, until there is no room. */
    void flush() {
        while (count > 0 && !closed) {
            int result = transmit(waiting[head], 0, lengths[head], receivers[head]);
            if (result == -Errno.EAGAIN) {
                return;
            }
            count(result);
            head = (head + 1) % QUEUE;
            count--;
        }
    }

    /** Datagrams received. */
    public long received() {
        return received;
    }

    /** Datagrams that the kernel has taken. */
    public long sent() {
        return sent;
    }

    /** Datagrams that wait to be sent. */
    public int queued() {
        return count;
    }

    /** Received datagrams that were longer than the place given for them. */
    public long truncated() {
        return truncated;
    }

    /** Datagrams not sent because {@value #QUEUE} waited already. */
    public long overflowed() {
        return overflowed;
    }

    /** Datagrams that the kernel refused to send: no route, a filter. */
    public long failed() {
        return failed;
    }

    /** Datagrams that came and found the receive buffer full; a system call. 0 when it is closed. */
    public long dropped() {
        return closed ? 0 : InetSockets.drops(fd);
    }

    /** What waits to be sent is thrown away. Twice is no error. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            shard.unwatch(fd, token);
            Fds.close(fd);
            news.raise();
        }
    }
}
