package eu.mikelangelo.examples.cache.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.LongSupplier;

/** A cache of its own, and what must be so when it has ended. */
final class Cache implements AutoCloseable {
    static final int PATIENCE_MS = 20_000;
    final Host host;
    final CacheServer server;

    Cache(int shards, long memoryMiB) {
        this(shards, memoryMiB, System::currentTimeMillis);
    }

    /** @param wallMs the wall clock */
    Cache(int shards, long memoryMiB, LongSupplier wallMs) {
        host = Host.start(HostOptions.defaults().withName("cache-test").withShards(shards)
                .withOverprovisioned(true).withStallNs(0).withCloseNs(2_000_000_000L));
        server = CacheServer.start(host, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                memoryMiB << 20, wallMs);
    }

    Socket socket() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout(PATIENCE_MS);
        return socket;
    }

    /** Says all, hears all. */
    String ask(String text) throws IOException {
        try (Socket socket = socket()) {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    /** Nothing is lent and no client counted, at the latest when all have been seen to go. */
    void nothingIsLeft() throws InterruptedException {
        List<String> left = List.of("?");
        for (int i = 0; i < 500 && !left.isEmpty(); i++) {
            Thread.sleep(10);
            left = host.run(() -> server.leaks().await());
        }
        assertEquals(List.of(), left);
        assertEquals(List.of(), host.errors().entries());
    }

    @Override
    public void close() {
        host.close();
        assertEquals(List.of(), host.errors().entries());
    }
}
