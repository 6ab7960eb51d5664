package eu.mikelangelo.plane;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;

/**
 * A process in a network namespace: {@code ping ADDRESS}; {@code serve PORT} prints the digest of what comes; {@code
 * send ADDRESS PORT BYTES} prints the digest of what it sends, and sends bytes that only that seed makes.
 */
final class NetPeer {
    private static final int PATIENCE_MS = 60_000;

    private NetPeer() {}

    public static void main(String[] words) throws Exception {
        switch (words[0]) {
            case "ping" -> ping(InetAddress.getByName(words[1]));
            case "serve" -> serve(Integer.parseInt(words[1]));
            case "send" -> send(new InetSocketAddress(words[1], Integer.parseInt(words[2])), Long.parseLong(words[3]));
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    /** By ICMP, as root. */
    private static void ping(InetAddress address) throws Exception {
        for (long end = System.nanoTime() + PATIENCE_MS * 1_000_000L; System.nanoTime() < end;) {
            long before = System.nanoTime();
            if (address.isReachable(1_000)) {
                System.out.println("reached in " + (System.nanoTime() - before) / 1_000 + " us");
                return;
            }
        }
        System.out.println("not reached");
        System.exit(1);
    }

    private static void serve(int port) throws Exception {
        try (ServerSocket server = new ServerSocket(port)) {
            System.out.println("listens");
            server.setSoTimeout(PATIENCE_MS);
            try (Socket socket = server.accept()) {
                socket.setSoTimeout(PATIENCE_MS);
                MessageDigest digest = MessageDigest.getInstance("SHA-256");
                byte[] buffer = new byte[1 << 16];
                InputStream in = socket.getInputStream();
                for (int got = in.read(buffer); got >= 0; got = in.read(buffer)) {
                    digest.update(buffer, 0, got);
                }
                System.out.println(HexFormat.of().formatHex(digest.digest()));
            }
        }
    }

    private static void send(InetSocketAddress to, long bytes) throws Exception {
        Random random = new Random(41);
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        byte[] buffer = new byte[1 << 16];
        try (Socket socket = new Socket()) {
            socket.connect(to, PATIENCE_MS);
            OutputStream out = socket.getOutputStream();
            for (long left = bytes; left > 0;) {
                int now = (int) Math.min(left, buffer.length);
                random.nextBytes(buffer);
                digest.update(buffer, 0, now);
                out.write(buffer, 0, now);
                left -= now;
            }
        }
        System.out.println(HexFormat.of().formatHex(digest.digest()));
    }
}
