package eu.mikelangelo.load;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

/** A server that gives the n-th get of all the answer it is told to, and stores nothing. */
final class FakeServer implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    private final AtomicInteger requests = new AtomicInteger();
    private final IntFunction<String> answers;

    FakeServer(IntFunction<String> answers) throws IOException {
        this.answers = answers;
        Thread.ofVirtual().start(() -> {
            while (!listener.isClosed()) {
                try {
                    Socket socket = listener.accept();
                    Thread.ofVirtual().start(() -> serve(socket));
                } catch (IOException closed) {
                    return;
                }
            }
        });
    }

    int port() {
        return listener.getLocalPort();
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            StringBuilder line = new StringBuilder();
            for (int c = in.read(); c >= 0; c = in.read()) {
                line.append((char) c);
                if (c == '\n') {
                    if (line.toString().startsWith("set")) {
                        in.skipNBytes(Integer.parseInt(line.toString().strip().split(" ")[4]) + 2);
                        line.setLength(0);
                        line.append("STORED\r\n");
                    } else {
                        line.setLength(0);
                        line.append(answers.apply(requests.getAndIncrement()));
                    }
                    socket.getOutputStream().write(line.toString().getBytes(StandardCharsets.ISO_8859_1));
                    line.setLength(0);
                }
            }
        } catch (IOException gone) {
            // The client has gone, which is its right.
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
