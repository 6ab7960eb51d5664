package eu.mikelangelo.vhost;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.FdList;
import eu.mikelangelo.linux.FdSocket;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.virtio.Features;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** A scripted vhost-user front-end on a connected socket, with a sealed memfd for memory. Not thread-safe. */
final class FakeFrontEnd implements AutoCloseable {
    static final long USER = 0x7f00_0000_0000L;
    static final long MEMORY = 1 << 20;
    static final int SIZE = 256;

    final int socket;
    int memFd = Fds.memFd("guest", MEMORY);
    final int[] kicks = {Fds.eventFd(), Fds.eventFd()};
    final int[] calls = {Fds.eventFd(), Fds.eventFd()};
    private final FdSocket io = new FdSocket();
    private final MemorySegment bytes = Arena.ofAuto().allocate(4096, 8);
    private final ByteBuffer buffer = bytes.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);

    FakeFrontEnd(int socket) {
        this.socket = socket;
        Fds.addSeals(memFd, Fds.F_SEAL_SHRINK);
    }

    static Request.MemoryTable oneRegion(long size) {
        return new Request.MemoryTable(List.of(new Request.MemoryRegion(0, size, USER, 0)));
    }

    static Request.VringAddress address(int index) {
        long base = USER + 0x10000L * (index + 1);
        return new Request.VringAddress(index, 0, base, base + 0x3000, base + 0x2000, 0);
    }

    static Request.VringState state(RequestType type, int index, int value) {
        return new Request.VringState(type, index, value);
    }

    /** Sends a message without waiting for an answer. */
    void send(Request request, boolean needReply, int... fds) {
        VhostCodec.encode(request, needReply, buffer);
        int length = buffer.limit();
        int sent = io.send(socket, bytes, 0, length, fds, fds.length);
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (sent == -Errno.EAGAIN && System.nanoTime() < deadline) {
            Thread.onSpinWait();
            sent = io.send(socket, bytes, 0, length, fds, fds.length);
        }
        if (sent != length) {
            throw new IllegalStateException("not sent: " + sent);
        }
    }

    /** Sends a message that has an answer, and returns the answer's first 8 payload bytes. */
    long ask(Request request, int... fds) {
        send(request, true, fds);
        return answer();
    }

    /** Waits for an answer. @throws IllegalStateException when the back-end hung up */
    long answer() {
        FdList none = new FdList(1);
        int got = 0;
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (got < VhostCodec.HEADER + 8) {
            int result = io.receive(socket, bytes, got, VhostCodec.HEADER + 8 - got, none);
            if (result == -Errno.EAGAIN && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            } else if (result <= 0) {
                throw new IllegalStateException("hung up: " + result);
            } else {
                got += result;
            }
        }
        buffer.clear();
        return buffer.getLong(VhostCodec.HEADER);
    }

    /** True when the back-end hangs up within 10 s. */
    boolean hungUp() {
        try {
            answer();
            return hungUp();
        } catch (IllegalStateException gone) {
            return true;
        }
    }

    /** Features, memory: everything before the rings. */
    void negotiate() {
        long features = ask(new Request.Plain(RequestType.GET_FEATURES));
        if ((features & Features.NET_OFFERED) != Features.NET_OFFERED) {
            throw new AssertionError("offered 0x" + Long.toHexString(features));
        }
        long protocol = ask(new Request.Plain(RequestType.GET_PROTOCOL_FEATURES));
        send(new Request.Number(RequestType.SET_PROTOCOL_FEATURES, protocol), false);
        send(new Request.Plain(RequestType.SET_OWNER), false);
        check(ask(new Request.Number(RequestType.SET_FEATURES, features)));
        check(ask(oneRegion(MEMORY), memFd));
    }

    void ring(int index, int base) {
        check(ask(state(RequestType.SET_VRING_NUM, index, SIZE)));
        check(ask(state(RequestType.SET_VRING_BASE, index, base)));
        check(ask(address(index)));
        check(ask(new Request.VringFd(RequestType.SET_VRING_KICK, index, true), kicks[index]));
        check(ask(new Request.VringFd(RequestType.SET_VRING_CALL, index, true), calls[index]));
        check(ask(state(RequestType.SET_VRING_ENABLE, index, 1)));
    }

    /** The whole handshake of a network device with two rings. */
    void handshake() {
        negotiate();
        ring(0, 0);
        ring(1, 0);
    }

    static void check(long acknowledged) {
        if (acknowledged != 0) {
            throw new AssertionError("refused: " + acknowledged);
        }
    }

    @Override
    public void close() {
        Fds.close(socket);
        Fds.close(memFd);
        for (int i = 0; i < 2; i++) {
            Fds.close(kicks[i]);
            Fds.close(calls[i]);
        }
    }
}
