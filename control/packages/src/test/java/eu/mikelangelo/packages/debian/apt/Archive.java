package eu.mikelangelo.packages.debian.apt;

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
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Date;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
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
 * A Debian archive in the test's own process: signed with a key made for it, served on loopback, with faults on
 * demand.
 */
public final class Archive implements AutoCloseable {
    private final HttpServer server;
    private final PGPKeyPair key;
    private final Map<String, byte[]> files = new LinkedHashMap<>();
    private final StringBuilder packages = new StringBuilder();
    private final List<String> requests = java.util.Collections.synchronizedList(new ArrayList<>());
    public final Map<String, String> releaseFields = new TreeMap<>(Map.of("Suite", "stable", "Codename", "test",
            "Acquire-By-Hash", "yes"));
    /** When positive, answers with files whose path matches {@code cut} end after so many bytes. */
    public volatile int cutAfter;
    public volatile String cut = ".*\\.deb";
    public volatile boolean ignoreRange;

    public Archive() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.setExecutor(java.util.concurrent.Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory()));
        server.start();
        key = newKey();
        releaseFields.put("Date", date(Instant.now().minusSeconds(60)));
    }

    public static String date(Instant instant) {
        return DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC)
                .format(instant);
    }

    public static PGPKeyPair newKey() {
        try {
            Ed25519KeyPairGenerator generator = new Ed25519KeyPairGenerator();
            generator.init(new Ed25519KeyGenerationParameters(new java.security.SecureRandom()));
            return new BcPGPKeyPair(4, PublicKeyAlgorithmTags.Ed25519, generator.generateKeyPair(),
                    new Date(System.currentTimeMillis() - 3_600_000));
        } catch (PGPException e) {
            throw new IllegalStateException(e);
        }
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    public List<String> requests() {
        return requests;
    }

    public byte[] put(String path, byte[] content) {
        files.put(path, content);
        return content;
    }

    public byte[] file(String path) {
        return files.get(path);
    }

    /** Adds a package with this file; {@code fields} are lines like "Depends: x". */
    public void add(String name, String version, byte[] deb, String... fields) {
        String path = "pool/" + name + "_" + version.replace(':', '%') + ".deb";
        files.put("/" + path, deb);
        packages.append("Package: ").append(name).append("\nVersion: ").append(version)
                .append("\nArchitecture: amd64\n");
        for (String field : fields) {
            packages.append(field).append('\n');
        }
        packages.append("Filename: ").append(path).append("\nSize: ").append(deb.length).append("\nSHA256: ")
                .append(sha256(deb)).append("\nDescription: the ").append(name).append(" package\n\n");
    }

    /** Writes and signs the index of what was added. */
    public void publish() throws IOException {
        publish(key);
    }

    public void publish(PGPKeyPair with) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(packages.toString().getBytes(StandardCharsets.UTF_8));
        }
        byte[] index = packed.toByteArray();
        String folder = "main/binary-amd64/";
        files.put("/dists/stable/" + folder + "by-hash/SHA256/" + sha256(index), index);
        StringBuilder release = new StringBuilder();
        releaseFields.forEach((field, value) -> release.append(field).append(": ").append(value).append('\n'));
        release.append("SHA256:\n ").append(sha256(index)).append(' ').append(index.length).append(' ').append(folder)
                .append("Packages.gz\n");
        files.put("/dists/stable/InRelease", sign(release.toString(), with));
    }

    public static byte[] sign(String text, PGPKeyPair key) throws IOException {
        try {
            PGPSignatureGenerator generator = new PGPSignatureGenerator(new BcPGPContentSignerBuilder(
                    key.getPublicKey().getAlgorithm(), HashAlgorithmTags.SHA512), key.getPublicKey());
            generator.init(PGPSignature.CANONICAL_TEXT_DOCUMENT, key.getPrivateKey());
            String canonical = text.stripTrailing().lines().map(String::stripTrailing)
                    .collect(java.util.stream.Collectors.joining("\r\n"));
            generator.update(canonical.getBytes(StandardCharsets.UTF_8));
            ByteArrayOutputStream signature = new ByteArrayOutputStream();
            try (ArmoredOutputStream armour = ArmoredOutputStream.builder().build(signature)) {
                generator.generate().encode(armour);
            }
            return ("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n" + text.stripTrailing() + "\n"
                    + signature.toString(StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8);
        } catch (PGPException e) {
            throw new IOException(e);
        }
    }

    /** The archive as a source that trusts its key, kept in {@code folder}. */
    public AptConfig config(Path folder) throws IOException {
        return config(folder, key);
    }

    public AptConfig config(Path folder, PGPKeyPair trusted) throws IOException {
        Path file = folder.resolve("key-" + Long.toHexString(trusted.getKeyID()) + ".gpg");
        Files.createDirectories(folder);
        Files.write(file, trusted.getPublicKey().getEncoded());
        return AptConfig.of(List.of(new AptSource(url(), "stable", List.of("main"), List.of(file), "", List.of(), false,
                true)));
    }

    public static String sha256(byte[] bytes) {
        return HexFormat.of().formatHex(Fetcher.sha256().digest(bytes));
    }

    private void answer(HttpExchange exchange) throws IOException {
        if (!complete(exchange)) {
            // The server closes the connection of a handler that throws: just what a broken network does.
            throw new IOException("cut on purpose");
        }
        exchange.close();
    }

    private boolean complete(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String range = exchange.getRequestHeaders().getFirst("Range");
        requests.add(path + (range == null ? "" : " " + range));
        byte[] content = files.get(path);
        if (content == null) {
            exchange.sendResponseHeaders(404, -1);
            return true;
        }
        String etag = "\"" + sha256(content).substring(0, 12) + "\"";
        exchange.getResponseHeaders().set("ETag", etag);
        if (etag.equals(exchange.getRequestHeaders().getFirst("If-None-Match"))) {
            requests.set(requests.size() - 1, path + " 304");
            exchange.sendResponseHeaders(304, -1);
            return true;
        }
        int from = range == null || ignoreRange ? 0 : Integer.parseInt(range.replaceAll("[^0-9]", ""));
        if (from > 0) {
            exchange.getResponseHeaders().set("Content-Range", "bytes " + from + "-" + (content.length - 1) + "/"
                    + content.length);
        }
        int length = content.length - from;
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, length == 0 ? -1 : length);
        boolean ends = cutAfter > 0 && path.matches(cut) && length > cutAfter;
        OutputStream out = exchange.getResponseBody();
        out.write(content, from, ends ? cutAfter : length);
        out.flush();
        return !ends;
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
