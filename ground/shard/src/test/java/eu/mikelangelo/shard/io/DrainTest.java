package eu.mikelangelo.shard.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** SIGTERM to a server that is being asked: what it has answered, its clients have received. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DrainTest {
    private static final int BATCH = 32;

    /** Asks in batches until the server ends the connection. */
    private static final class Asker extends Thread {
        private final int port;
        private final AtomicLong received;
        private volatile Throwable wrong;

        Asker(int port, AtomicLong received) {
            this.port = port;
            this.received = received;
        }

        @Override
        public void run() {
            long next = 0;
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                DataOutputStream to = new DataOutputStream(new java.io.BufferedOutputStream(socket.getOutputStream()));
                DataInputStream from = new DataInputStream(socket.getInputStream());
                while (true) {
                    try {
                        for (int i = 0; i < BATCH; i++) {
                            to.writeLong(next + i);
                        }
                        to.flush();
                    } catch (IOException ended) {
                        // It has closed its side; what it had sent before can still be read.
                    }
                    for (int i = 0; i < BATCH; i++) {
                        long word = from.readLong();
                        if (word != next) {
                            wrong = new AssertionError("asked " + next + ", was answered " + word);
                            return;
                        }
                        next++;
                        received.incrementAndGet();
                    }
                }
            } catch (IOException ended) {
                // The end, as asked for.
            }
        }
    }

    /** Asks without waiting for answers, until the server has ended the connection. */
    private static final class Flooder extends Thread {
        private final Socket socket;
        private final AtomicLong received;
        private volatile Throwable wrong;

        Flooder(int port, AtomicLong received) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            this.received = received;
        }

        @Override
        public void run() {
            Thread writer = Thread.ofPlatform().daemon().start(this::write);
            long next = 0;
            try (socket) {
                DataInputStream from = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
                byte[] word = new byte[DrainMain.WORD];
                for (int got = from.readNBytes(word, 0, word.length); got > 0;
                        got = from.readNBytes(word, 0, word.length)) {
                    long value = got < word.length ? -1 : java.nio.ByteBuffer.wrap(word).getLong();
                    if (value != next) {
                        throw new AssertionError("asked " + next + ", was answered " + value);
                    }
                    next++;
                    received.incrementAndGet();
                }
            } catch (IOException | AssertionError broken) {
                wrong = broken;
            }
            try {
                writer.join();
            } catch (InterruptedException stop) {
                interrupt();
            }
        }

        private void write() {
            java.nio.ByteBuffer words = java.nio.ByteBuffer.allocate(4096);
            long next = 0;
            try {
                while (true) {
                    words.clear();
                    while (words.hasRemaining()) {
                        words.putLong(next++);
                    }
                    socket.getOutputStream().write(words.array());
                }
            } catch (IOException ended) {
                // The other thread has seen the end and closed.
            }
        }
    }

    @Test
    void aServerThatIsToldToEndLosesNoAnswer() throws Exception {
        for (int round = 0; round < 3; round++) {
            endIsOrderly(port -> new Asker(port, received), asker -> asker.wrong);
        }
    }

    /** What they go on saying must not take the answers away that are on their way to them. */
    @Test
    void norToThoseWhoGoOnAsking() throws Exception {
        for (int round = 0; round < 2; round++) {
            endIsOrderly(port -> new Flooder(port, received), flooder -> flooder.wrong);
        }
    }

    private final AtomicLong received = new AtomicLong();

    private interface Maker<T> {
        T of(int port) throws IOException;
    }

    private <T extends Thread> void endIsOrderly(Maker<T> maker, Function<T, Throwable> wrong) throws Exception {
        received.set(0);
        Process server = start();
        try (BufferedReader says = server.inputReader()) {
            int port = Integer.parseInt(says.readLine().replace("port ", ""));
            List<T> clients = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                clients.add(maker.of(port));
                clients.getLast().start();
            }
            while (received.get() < 20_000 && server.isAlive()) {
                Thread.sleep(1);
            }
            server.toHandle().destroy();   // SIGTERM; Process.destroy would close its output, too
            for (T client : clients) {
                client.join(60_000);
                assertEquals(null, wrong.apply(client));
            }
            String last = says.readLine();
            assertTrue(last != null && last.endsWith("errors []"), last);
            assertEquals("answered " + received.get() + " errors []", last);
            assertTrue(server.waitFor(30, TimeUnit.SECONDS));
            assertEquals(128 + 15, server.exitValue());
        } finally {
            server.destroyForcibly();
        }
    }

    private static Process start() throws IOException {
        return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx128m",
                "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "--add-opens",
                "java.base/java.lang=ALL-UNNAMED",
                "-cp", System.getProperty("java.class.path"), DrainMain.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }
}
