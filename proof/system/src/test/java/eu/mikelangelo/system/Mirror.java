package eu.mikelangelo.system;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Collections;
import java.util.Date;
import java.util.HexFormat;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.bouncycastle.bcpg.ArmoredOutputStream;
import org.bouncycastle.bcpg.HashAlgorithmTags;
import org.bouncycastle.bcpg.PublicKeyAlgorithmTags;
import org.bouncycastle.crypto.generators.Ed25519KeyPairGenerator;
import org.bouncycastle.crypto.params.Ed25519KeyGenerationParameters;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.PGPKeyPair;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.PGPSignatureGenerator;
import org.bouncycastle.openpgp.operator.bc.BcPGPContentSignerBuilder;
import org.bouncycastle.openpgp.operator.bc.BcPGPKeyPair;

/**
 * A signed Debian archive on loopback, with a key made for it and faults on demand. It serves packages made here and,
 * so that nothing else needs a network, the kernel package that a home of an earlier test has fetched.
 */
final class Mirror implements AutoCloseable {
    /** What happens to requests whose path matches {@link #at}. */
    enum Fault { NONE, CUT, FLIP, LOOP, HANG }

    volatile Fault fault = Fault.NONE;
    volatile String at = "";
    /** Counted down by the first answer that hangs; a test waits for it and knows that the download is half done. */
    volatile CountDownLatch hanging = new CountDownLatch(1);
    final Map<String, String> release = new TreeMap<>(Map.of("Suite", "stable", "Codename", "test"));
    private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
    private final Map<String, byte[]> files = new ConcurrentHashMap<>();
    private final Map<String, String> stanzas = new LinkedHashMap<>();
    private final HttpServer server;
    private final PGPKeyPair key = newKey();

    Mirror() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.setExecutor(Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory()));
        server.start();
        release.put("Date", date(Instant.now().minusSeconds(3_600)));
    }

    static String date(Instant instant) {
        return DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC)
                .format(instant);
    }

    private static PGPKeyPair newKey() {
        try {
            Ed25519KeyPairGenerator generator = new Ed25519KeyPairGenerator();
            generator.init(new Ed25519KeyGenerationParameters(new java.security.SecureRandom()));
            return new BcPGPKeyPair(4, PublicKeyAlgorithmTags.Ed25519, generator.generateKeyPair(),
                    new Date(System.currentTimeMillis() - 3_600_000));
        } catch (PGPException e) {
            throw new IllegalStateException(e);
        }
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    List<String> requests() {
        return List.copyOf(requests);
    }

    /** A package of this content. */
    void add(String name, Deb content) {
        add(name, "1", content.build(), "");
    }

    void add(String name, String version, byte[] deb, String depends) {
        String path = "pool/" + name + ".deb";
        files.put("/" + path, deb);
        stanzas.put(name, "Package: " + name + "\nVersion: " + version + "\nArchitecture: amd64\n"
                + (depends.isEmpty() ? "" : "Depends: " + depends + "\n") + "Filename: " + path + "\nSize: "
                + deb.length + "\nSHA256: " + sha256(deb) + "\nDescription: " + name + "\n\n");
    }

    /** The kernel package that this home has, as the newest cloud kernel. */
    void addKernelOf(Path home) throws IOException {
        try (var kernels = Files.newDirectoryStream(home.resolve("kernels"), "[0-9a-f][0-9a-f][0-9a-f][0-9a-f]*")) {
            String json = Files.readString(kernels.iterator().next().resolve("kernel.json"));
            String deb = value(json, "debSha256");
            add(value(json, "packageName"), value(json, "version"),
                    Files.readAllBytes(home.resolve("packages/debs").resolve(deb + ".deb")), "");
            add("linux-image-cloud-amd64", "1", new Deb().build("Depends: " + value(json, "packageName") + "\n"),
                    value(json, "packageName"));
        }
    }

    private static String value(String json, String name) {
        return json.replaceFirst("(?s).*\"" + name + "\" *: *\"([^\"]*)\".*", "$1");
    }

    /** Writes and signs the index of what was added. */
    void publish() throws IOException {
        publish(true);
    }

    /** @param known with the key that {@link #sources} trusts, else with one that nobody knows */
    void publish(boolean known) throws IOException {
        byte[] index = Deb.gzip(String.join("", stanzas.values()).getBytes(StandardCharsets.UTF_8));
        files.put("/dists/stable/main/binary-amd64/Packages.gz", index);
        StringBuilder text = new StringBuilder();
        release.forEach((field, value) -> text.append(field).append(": ").append(value).append('\n'));
        text.append("SHA256:\n ").append(sha256(index)).append(' ').append(index.length)
                .append(" main/binary-amd64/Packages.gz");
        files.put("/dists/stable/InRelease", sign(text.toString(), known ? key : newKey()));
    }

    private static byte[] sign(String text, PGPKeyPair key) throws IOException {
        try {
            PGPSignatureGenerator generator = new PGPSignatureGenerator(new BcPGPContentSignerBuilder(
                    key.getPublicKey().getAlgorithm(), HashAlgorithmTags.SHA512), key.getPublicKey());
            generator.init(PGPSignature.CANONICAL_TEXT_DOCUMENT, key.getPrivateKey());
            generator.update(text.replace("\n", "\r\n").getBytes(StandardCharsets.UTF_8));
            ByteArrayOutputStream signature = new ByteArrayOutputStream();
            try (ArmoredOutputStream armour = ArmoredOutputStream.builder().build(signature)) {
                generator.generate().encode(armour);
            }
            return ("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n" + text + "\n"
                    + signature.toString(StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8);
        } catch (PGPException e) {
            throw new IOException(e);
        }
    }

    /** A file for MIKE_APT_SOURCES that names this archive and its key. */
    Path sources(Path folder) throws IOException {
        Path keyFile = folder.resolve("mirror.gpg");
        Files.createDirectories(folder);
        Files.write(keyFile, key.getPublicKey().getEncoded());
        return Files.writeString(folder.resolve("mirror.list"),
                "deb [check-valid-until=yes signed-by=" + keyFile + "] " + url() + " stable main\n");
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String range = exchange.getRequestHeaders().getFirst("Range");
        requests.add(path + (range == null ? "" : " " + range));
        Fault now = !at.isEmpty() && path.matches(at) ? fault : Fault.NONE;
        byte[] content = files.get(path);
        if (now == Fault.LOOP) {
            exchange.getResponseHeaders().set("Location", path);
            exchange.sendResponseHeaders(302, -1);
        } else if (content == null) {
            exchange.sendResponseHeaders(404, -1);
        } else {
            send(exchange, now, content, range == null ? 0 : Integer.parseInt(range.replaceAll("[^0-9]", "")));
        }
        exchange.close();
    }

    private void send(HttpExchange exchange, Fault now, byte[] content, int from) throws IOException {
        byte[] sent = content.clone();
        if (now == Fault.FLIP) {
            sent[sent.length / 2] ^= 1;
        }
        if (from > 0) {
            exchange.getResponseHeaders().set("Content-Range", "bytes " + from + "-" + (content.length - 1) + "/"
                    + content.length);
        }
        int length = content.length - from;
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, length == 0 ? -1 : length);
        OutputStream out = exchange.getResponseBody();
        out.write(sent, from, now == Fault.CUT || now == Fault.HANG ? length / 2 : length);
        out.flush();
        if (now == Fault.HANG) {
            hanging.countDown();
            sleep(60_000);
        }
        if (now == Fault.CUT || now == Fault.HANG) {
            // The server closes the connection of a handler that throws: just what a broken network does.
            throw new IOException("cut on purpose");
        }
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
