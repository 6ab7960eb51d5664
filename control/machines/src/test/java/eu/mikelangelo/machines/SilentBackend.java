package eu.mikelangelo.machines;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A plane that answers QEMU's vhost-user questions and moves no packet: enough for a guest to boot with a network card.
 * Descriptors that come with messages are dropped by the kernel, for we read without asking for them.
 */
final class SilentBackend implements PlanePorts, AutoCloseable {
    private static final int GET_FEATURES = 1;
    private static final int GET_VRING_BASE = 11;
    private static final int GET_PROTOCOL_FEATURES = 15;
    private static final int GET_QUEUE_NUM = 17;
    private static final int REPLY = 0x4;
    private static final int NEED_REPLY = 0x8;
    private static final long VERSION_1 = 1L << 32;
    private static final long PROTOCOL_FEATURES = 1L << 30;
    private static final long MERGEABLE = 1L << 15;

    final Map<String, Port> ports = new ConcurrentHashMap<>();
    private volatile boolean closed;

    @Override
    public void add(Port port) {
        ports.put(port.name(), port);
        Thread.ofVirtual().start(() -> serve(port));
    }

    @Override
    public void remove(String name) {
        ports.remove(name);
    }

    @Override
    public void close() {
        closed = true;
    }

    private void serve(Port port) {
        while (!closed && ports.get(port.name()) == port) {
            try (SocketChannel qemu = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                qemu.connect(UnixDomainSocketAddress.of(port.vhostSocket()));
                while (true) {
                    answer(qemu);
                }
            } catch (IOException e) {
                pause();
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(5);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void answer(SocketChannel qemu) throws IOException {
        ByteBuffer header = read(qemu, 12);
        int request = header.getInt();
        int flags = header.getInt();
        ByteBuffer payload = read(qemu, header.getInt());
        switch (request) {
            case GET_FEATURES -> reply(qemu, request, VERSION_1 | PROTOCOL_FEATURES | MERGEABLE);
            case GET_PROTOCOL_FEATURES -> reply(qemu, request, 0);
            case GET_QUEUE_NUM -> reply(qemu, request, 1);
            case GET_VRING_BASE -> reply(qemu, request, payload.getInt(0) & 0xffff_ffffL);
            default -> {
                if ((flags & NEED_REPLY) != 0) {
                    reply(qemu, request, 0);
                }
            }
        }
    }

    private static void reply(SocketChannel qemu, int request, long value) throws IOException {
        ByteBuffer out = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(request).putInt(1 | REPLY).putInt(8).putLong(value).flip();
        while (out.hasRemaining()) {
            qemu.write(out);
        }
    }

    private static ByteBuffer read(SocketChannel qemu, int size) throws IOException {
        ByteBuffer in = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            if (qemu.read(in) < 0) {
                throw new EOFException();
            }
        }
        return in.flip();
    }
}
