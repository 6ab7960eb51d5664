package eu.mikelangelo.examples.cache.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.metrics.DistinctErrors;
import eu.mikelangelo.shard.Sharded;
import eu.mikelangelo.shard.Timer;
import java.io.IOException;
import java.lang.reflect.Field;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A mistake of the cache's own on another shard than the client's. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FaultTest {
    private static Object field(Object of, String name) throws ReflectiveOperationException {
        Field field = of.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(of);
    }

    /** @return what it was */
    private static Object set(Object of, String name, Object value) throws ReflectiveOperationException {
        Object before = field(of, name);
        Field field = of.getClass().getDeclaredField(name);
        field.setAccessible(true);
        field.set(of, value);
        return before;
    }

    private static String ask(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        StringBuilder line = new StringBuilder();
        for (int c = socket.getInputStream().read(); c >= 0; c = socket.getInputStream().read()) {
            line.append((char) c);
            if (c == '\n') {
                return line.toString();
            }
        }
        return line.isEmpty() ? null : line.toString();
    }

    /** Clients come to the shard that the kernel chooses. */
    private static Socket clientOfTheFirst(Cache cache, List<Socket> others) throws Exception {
        for (int i = 0; i < 200; i++) {
            int before = cache.host.run(() -> cache.server.clients().await()).getFirst();
            Socket socket = cache.socket();
            assertEquals("END\r\n", ask(socket, "get nothing\r\n"));
            if (cache.host.run(() -> cache.server.clients().await()).getFirst() > before) {
                return socket;
            }
            others.add(socket);
        }
        throw new AssertionError("all come to one shard");
    }

    /** @return whether it was closed before all were answered */
    private static boolean isClosed(Socket client) throws IOException {
        for (int i = 0; i < 64; i++) {
            try {
                if (ask(client, "get key" + i + "\r\n") == null) {
                    return true;
                }
            } catch (IOException reset) {
                return true;
            }
        }
        return false;
    }

    @Test
    @SuppressWarnings("unchecked")
    void aRequestThatThrowsOnAnotherShardClosesItsClientAlone() throws Exception {
        Cache cache = new Cache(2, 16);
        List<Socket> others = new ArrayList<>();
        try {
            Sharded<Site> sites = (Sharded<Site>) field(cache.server, "sites");
            Socket bad = clientOfTheFirst(cache, others);
            Socket good = clientOfTheFirst(cache, others);
            others.addAll(List.of(bad, good));
            Object[] store = new Object[1];
            cache.host.run(() -> sites.on(1).call(site -> {
                ((Timer) field(site, "clock")).close();
                return store[0] = set(site, "store", null);
            }).await());
            assertTrue(isClosed(bad));
            cache.host.run(() -> sites.on(1).call(site -> set(site, "store", store[0])).await());
            assertTrue(!isClosed(good));
            List<DistinctErrors.Entry> errors = cache.host.errors().entries();
            assertEquals(1, errors.size(), errors.toString());
            assertTrue(errors.getFirst().toString().contains("a request threw " + NullPointerException.class.getName()),
                    errors.toString());
        } finally {
            for (Socket socket : others) {
                socket.close();
            }
        }
        List<String> left = List.of("?");
        for (int i = 0; i < 1_000 && !left.isEmpty(); i++) {
            Thread.sleep(10);
            left = cache.host.run(() -> cache.server.leaks().await());
        }
        cache.host.close();
        assertEquals(List.of(), left);
        assertEquals(1, cache.host.errors().entries().size(), cache.host.errors().entries().toString());
    }
}
