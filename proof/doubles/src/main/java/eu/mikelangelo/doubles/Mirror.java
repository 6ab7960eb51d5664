package eu.mikelangelo.doubles;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * A Debian archive in the test's own process: one suite ("stable") with one component ("main") for amd64, signed with a
 * key made for it, served on loopback, with faults on demand. It knows Range, ETag and by-hash, as mirrors do.
 * <pre>
 * try (Mirror mirror = new Mirror()) {
 *     mirror.add("tiny", "1", new DebWriter().file("./usr/bin/tiny", "a program\n", 0755), "Depends: dash");
 *     mirror.publish();
 *     mirror.fail(Mirror.Fault.CUT, "/pool/tiny_1.deb");
 *     … mirror.sources(folder) …
 * }
 * </pre>
 * One thread fills and publishes; faults and the log of requests are any thread's.
 */
public final class Mirror implements AutoCloseable {
    /** What happens to an answer. */
    public enum Fault {
        /** It ends early, and with it the connection. */
        CUT,
        /** One bit in the middle of the file is another. */
        FLIP,
        /** It redirects to where the request went. */
        LOOP,
        /** Half of it comes, then nothing for a minute (or until the mirror is closed), then the connection ends. */
        HANG,
        /** It is the whole file, whatever range was asked for. */
        IGNORE_RANGE
    }

    /**
     * @param fault null when all is well
     * @param after bytes that a cut answer has; negative: half of them
     */
    private record Trouble(Fault fault, Pattern at, int after, CountDownLatch hanging) {
        static final Trouble NONE = of(null, "", -1);

        static Trouble of(Fault fault, String at, int after) {
            return new Trouble(fault, Pattern.compile(at), after, new CountDownLatch(1));
        }
    }

    private static final String INDEX_FOLDER = "main/binary-amd64/";
    private static final Duration HANG = Duration.ofMinutes(1);
    private final Map<String, String> release = new TreeMap<>(Map.of("Suite", "stable", "Codename", "test",
            "Acquire-By-Hash", "yes"));
    private final Map<String, String> stanzas = new LinkedHashMap<>();
    private final Map<String, byte[]> files = new ConcurrentHashMap<>();
    private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
    private final Signer signer = new Signer();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory());
    private final HttpServer server;
    private volatile Trouble trouble = Trouble.NONE;

    public Mirror() throws IOException {
        release.put("Date", date(Instant.now().minusSeconds(3_600)));
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    /** A date as a Release file writes it. */
    public static String date(Instant instant) {
        return DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC)
                .format(instant);
    }

    public static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** The fields of the Release file but for its digests; {@link #publish} signs what is in them then. */
    public Map<String, String> release() {
        return release;
    }

    /** Serves this file, whatever was promised of it. {@code path} begins with "/". */
    public void put(String path, byte[] content) {
        files.put(path, content);
    }

    /** What is served at this path; null when nothing is. */
    public byte[] file(String path) {
        return files.get(path);
    }

    /** Adds version 1 of a package that needs no other. */
    public void add(String name, DebWriter deb) {
        add(name, "1", deb);
    }

    /** Adds a package whose control file, unless it was given one, says what the index says. */
    public void add(String name, String version, DebWriter deb, String... fields) {
        add(name, version, deb.describe(description(name, version, fields)).build(), fields);
    }

    private static String description(String name, String version, String... fields) {
        StringBuilder text = new StringBuilder("Package: " + name + "\nVersion: " + version
                + "\nArchitecture: amd64\nMaintainer: nobody\n");
        for (String field : fields) {
            text.append(field).append('\n');
        }
        return text.append("Description: the ").append(name).append(" package\n").toString();
    }

    /**
     * Adds a package beside its other versions. Its file is {@code /pool/NAME_VERSION.deb}, without the version's
     * epoch, as in Debian.
     *
     * @param fields more lines for the index, like "Depends: x"
     */
    public void add(String name, String version, byte[] deb, String... fields) {
        String path = "pool/" + name + "_" + version.replaceFirst("^[0-9]+:", "") + ".deb";
        files.put("/" + path, deb);
        stanzas.put(name + " " + version, description(name, version, fields) + "Filename: " + path + "\nSize: "
                + deb.length + "\nSHA256: " + sha256(deb) + "\n\n");
    }

    /** Writes and signs the index of what was added. */
    public void publish() throws IOException {
        publish(signer);
    }

    /** The same, signed with a key that nobody knows. */
    public void publishAsStranger() throws IOException {
        publish(new Signer());
    }

    private void publish(Signer by) throws IOException {
        byte[] index = DebWriter.pack(String.join("", stanzas.values()).getBytes(StandardCharsets.UTF_8), "gz");
        String digest = sha256(index);
        files.put("/dists/stable/" + INDEX_FOLDER + "Packages.gz", index);
        files.put("/dists/stable/" + INDEX_FOLDER + "by-hash/SHA256/" + digest, index);
        StringBuilder text = new StringBuilder();
        release.forEach((field, value) -> text.append(field).append(": ").append(value).append('\n'));
        text.append("SHA256:\n ").append(digest).append(' ').append(index.length).append(' ').append(INDEX_FOLDER)
                .append("Packages.gz\n");
        files.put("/dists/stable/InRelease", by.sign(text.toString()));
    }

    /** Writes the public key, for Signed-By, into this folder. */
    public Path key(Path folder) throws IOException {
        Files.createDirectories(folder);
        return Files.write(folder.resolve("mirror.gpg"), signer.publicKey());
    }

    /** Writes a file in the format of sources.list(5) that names this archive and its key into this folder. */
    public Path sources(Path folder) throws IOException {
        return Files.writeString(folder.resolve("mirror.list"),
                "deb [check-valid-until=yes signed-by=" + key(folder) + "] " + url() + " stable main\n");
    }

    /** From now on this happens to answers whose path matches the regular expression; it replaces the fault before. */
    public void fail(Fault fault, String at) {
        trouble = Trouble.of(fault, at, -1);
    }

    /** Answers at these paths are cut after so many bytes; those that are not longer come whole. */
    public void cut(String at, int after) {
        trouble = Trouble.of(Fault.CUT, at, after);
    }

    /** All is well from now on; an answer that hangs goes on hanging. */
    public void heal() {
        trouble = Trouble.NONE;
    }

    /** Waits until {@link Fault#HANG} has struck: a download is half done. Returns whether it did in time. */
    public boolean awaitHanging(Duration atMost) throws InterruptedException {
        return trouble.hanging().await(atMost.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** The paths asked for until now, each with its Range if it had one, or with 304 if that was the answer. */
    public List<String> requests() {
        synchronized (requests) {
            return List.copyOf(requests);
        }
    }

    /** The requests without the first {@code count}. */
    public List<String> requestsAfter(int count) {
        List<String> all = requests();
        return all.subList(count, all.size());
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String range = exchange.getRequestHeaders().getFirst("Range");
        Trouble latest = trouble;
        Trouble now = latest.at().matcher(path).matches() ? latest : Trouble.NONE;
        byte[] content = now.fault() == Fault.LOOP ? null : files.get(path);
        String etag = content == null ? "" : "\"" + sha256(content).substring(0, 12) + "\"";
        boolean known = content != null && etag.equals(exchange.getRequestHeaders().getFirst("If-None-Match"));
        requests.add(path + (known ? " 304" : range == null ? "" : " " + range));
        if (now.fault() == Fault.LOOP) {
            exchange.getResponseHeaders().set("Location", path);
            exchange.sendResponseHeaders(302, -1);
        } else if (content == null) {
            exchange.sendResponseHeaders(404, -1);
        } else {
            exchange.getResponseHeaders().set("ETag", etag);
            if (known) {
                exchange.sendResponseHeaders(304, -1);
            } else {
                send(exchange, now, content, range == null || now.fault() == Fault.IGNORE_RANGE ? 0 : from(range));
            }
        }
        exchange.close();
    }

    /** Of "bytes=FROM-", which is what downloads resume with. */
    private static int from(String range) {
        return Integer.parseInt(range.replaceAll("[^0-9]", ""));
    }

    private void send(HttpExchange exchange, Trouble now, byte[] content, int from) throws IOException {
        int length = content.length - from;
        if (length < 0 || length == 0 && from > 0) {
            exchange.sendResponseHeaders(416, -1);
            return;
        }
        byte[] sent = content;
        if (now.fault() == Fault.FLIP) {
            sent = content.clone();
            sent[sent.length / 2] ^= 1;
        }
        if (from > 0) {
            exchange.getResponseHeaders().set("Content-Range", "bytes " + from + "-" + (content.length - 1) + "/"
                    + content.length);
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, length == 0 ? -1 : length);
        int end = length;
        if (now.fault() == Fault.CUT || now.fault() == Fault.HANG) {
            end = now.after() < 0 ? length / 2 : Math.min(length, now.after());
        }
        OutputStream out = exchange.getResponseBody();
        out.write(sent, from, end);
        out.flush();
        if (now.fault() == Fault.HANG) {
            now.hanging().countDown();
            hang();
        }
        if (end < length) {
            // The server closes the connection of a handler that throws: just what a broken network does.
            throw new IOException("cut on purpose");
        }
    }

    private void hang() {
        try {
            closed.await(HANG.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        threads.shutdown();
    }
}
