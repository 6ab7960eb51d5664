package eu.mikelangelo.examples.cache;

import eu.mikelangelo.memory.Region;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * The cache behind plain JDK sockets, one thread: for tests and for holding it beside memcached by hand. The product's
 * server is the shard engine's.
 */
public final class TestServer implements AutoCloseable {
    private static final int BUFFER = 64 * 1024;

    private final Arena arena = Arena.ofShared();
    private final Selector selector;
    private final ServerSocketChannel listener;
    private final Store store;
    private final Staging staging;
    private final Protocol protocol;
    private final Thread thread;
    private volatile boolean closed;

    /** One client. */
    private final class Connection {
        final SocketChannel channel;
        final Region input = new Region(Arena.ofAuto().allocate(BUFFER, 8));
        final ByteBuffer inputBuffer = input.segment().asByteBuffer();
        final Output output = new Output(new Region(Arena.ofAuto().allocate(BUFFER, 8)), staging);
        final Session session = new Session(protocol);

        Connection(SocketChannel channel) {
            this.channel = channel;
        }

        void readable(SelectionKey key) throws IOException {
            if (channel.read(inputBuffer) < 0) {
                end(key);
                return;
            }
            do {
                int used = session.feed(input, 0, inputBuffer.position(), output);
                inputBuffer.flip().position(used);
                inputBuffer.compact();
                ByteBuffer all = output.region().segment().asByteBuffer();
                all.position(output.from()).limit(output.from() + output.length());
                output.sent(channel.write(all));
            } while (output.length() == 0 && session.status() == Session.NEEDS_ROOM);
            if (output.length() > 0) {
                key.interestOps(SelectionKey.OP_WRITE);
            } else if (session.status() == Session.CLOSES) {
                end(key);
            } else {
                key.interestOps(SelectionKey.OP_READ);
            }
        }

        void end(SelectionKey key) throws IOException {
            session.close();
            output.drop();
            key.cancel();
            channel.close();
        }
    }

    public TestServer(int port, long memoryBytes) throws IOException {
        staging = new StagingPool(arena, 16, (1 << 20) + 4096);
        store = new Store(arena, StoreOptions.ofMemory(memoryBytes), System.currentTimeMillis() / 1000);
        Request request = new Request(new Region(arena.allocate(Request.MIN_MEMORY, 8)));
        protocol = new Protocol(7, BUFFER, StoreOptions.MAX_ITEM, staging, request, store);
        selector = Selector.open();
        listener = ServerSocketChannel.open();
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1024);
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT);
        thread = new Thread(this::run, "cache-test-server");
        thread.setDaemon(true);
        thread.start();
    }

    /** Where it listens. */
    public int port() {
        return listener.socket().getLocalPort();
    }

    private void run() {
        try {
            while (!closed) {
                selector.select(1000);
                store.clock(System.currentTimeMillis() / 1000);
                for (SelectionKey key : selector.selectedKeys()) {
                    ready(key);
                }
                selector.selectedKeys().clear();
            }
        } catch (IOException broken) {
            throw new java.io.UncheckedIOException(broken);
        }
    }

    private void ready(SelectionKey key) throws IOException {
        if (key.attachment() instanceof Connection connection) {
            try {
                connection.readable(key);
            } catch (IOException gone) {
                connection.end(key);
            }
            return;
        }
        SocketChannel channel = listener.accept();
        if (channel != null) {
            channel.configureBlocking(false);
            channel.socket().setTcpNoDelay(true);
            channel.register(selector, SelectionKey.OP_READ, new Connection(channel));
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        selector.wakeup();
        try {
            thread.join();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
        for (SelectionKey key : selector.keys()) {
            key.channel().close();
        }
        selector.close();
        arena.close();
    }

    /** Serves until it is killed; one argument, the port. */
    public static void main(String[] arguments) throws Exception {
        TestServer server = new TestServer(Integer.parseInt(arguments[0]), 64L << 20);
        System.out.println("port " + server.port());
        server.thread.join();
    }
}
