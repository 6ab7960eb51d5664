package eu.mikelangelo.packages.debian.apt;

import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.net.URLConnection;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;

/**
 * Downloads over http, https and file addresses. Large files go to {@code TARGET.part}, are resumed there after an
 * interruption, and appear under their name only when size and digest fit. Safe for many threads and processes.
 */
public final class Fetcher {
    private static final int CONNECT_MS = 10_000;
    private static final int READ_MS = 30_000;
    private static final int TRIES = 3;
    private static final int MAX_REDIRECTS = 5;
    /** What a host's disk must keep free beside a download. */
    private static final long SPARE = 16L << 20;
    private static final ConcurrentHashMap<Path, ReentrantLock> LOCKS = new ConcurrentHashMap<>();
    private final AptConfig config;

    public Fetcher(AptConfig config) {
        this.config = config;
    }

    /** @param etag validators for the next conditional request, "" if the server gave none */
    record Answer(boolean unchanged, byte[] body, String etag, String modified) { }

    /** A small file, whole; {@code etag} and {@code modified} make it conditional when not empty. */
    Answer get(URI uri, String etag, String modified, int limit) throws IOException {
        URLConnection connection = open(uri, 0, etag, modified);
        try (InputStream in = stream(connection, uri)) {
            if (connection instanceof HttpURLConnection http && http.getResponseCode() == 304) {
                return new Answer(true, new byte[0], etag, modified);
            }
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                body.write(buffer, 0, n);
                if (body.size() > limit) {
                    throw new IOException(uri + " is larger than " + limit + " bytes");
                }
            }
            return new Answer(false, body.toByteArray(), header(connection, "ETag"),
                    header(connection, "Last-Modified"));
        }
    }

    /**
     * Makes {@code target} hold the file of this size and digest. Nothing is done when it is there already.
     *
     * @param progress is told how many bytes more arrived
     * @throws Failure UNAVAILABLE (mirror, space), UNTRUSTED (other content than the index promised)
     */
    public void download(URI uri, Path target, long size, String sha256, LongConsumer progress) {
        ReentrantLock lock = LOCKS.computeIfAbsent(target.toAbsolutePath(), path -> new ReentrantLock());
        lock.lock();
        try {
            Durable.privateFolder(target.toAbsolutePath().getParent());
            Path part = target.resolveSibling(target.getFileName() + ".part");
            try (FileChannel channel = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.READ,
                    StandardOpenOption.WRITE); FileLock _ = channel.lock()) {
                if (Files.isRegularFile(target) && Files.size(target) == size) {
                    progress.accept(size);
                } else {
                    space(target, size - channel.size());
                    fetch(uri, channel, size, sha256, progress);
                    channel.force(true);
                    Durable.publish(part, target);
                }
            } finally {
                if (Files.isRegularFile(target) || Files.exists(part) && Files.size(part) == 0) {
                    Files.deleteIfExists(part);
                }
            }
        } catch (IOException e) {
            throw unavailable(uri, target, e);
        } finally {
            lock.unlock();
        }
    }

    private void fetch(URI uri, FileChannel part, long size, String sha256, LongConsumer progress) throws IOException {
        IOException last = null;
        for (int attempt = 0; attempt < TRIES; attempt++) {
            try {
                if (part.size() > size) {
                    part.truncate(0);
                }
                MessageDigest digest = sha256();
                long have = rehash(part, digest);
                if (have < size) {
                    have = receive(uri, part, have, size, digest, progress);
                }
                if (have != size) {
                    throw new IOException("the connection ended after " + have + " of " + size + " bytes");
                }
                String found = HexFormat.of().formatHex(digest.digest());
                if (found.equals(sha256)) {
                    return;
                }
                part.truncate(0);
                if (attempt > 0) {
                    throw new Failure(Failure.Kind.UNTRUSTED, uri + " has SHA-256 " + found + ", the signed index "
                            + "promises " + sha256, "The mirror or a proxy on the way serves another file; nothing "
                            + "of it was "
                            + "kept. Try again with a fresh index, or use another mirror.");
                }
            } catch (FileNotFoundException e) {
                throw e;
            } catch (IOException e) {
                if (full(e)) {
                    throw e;
                }
                last = e;
            }
        }
        throw last == null ? new IOException("gave up") : last;
    }

    private static long rehash(FileChannel part, MessageDigest digest) throws IOException {
        part.position(0);
        ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
        while (part.read(buffer) > 0) {
            digest.update(buffer.flip());
            buffer.clear();
        }
        return part.position();
    }

    /**
     * Receives from {@code have} on, or from the start when the server does not resume. Returns the bytes then there.
     */
    private long receive(URI uri, FileChannel part, long have, long size, MessageDigest digest, LongConsumer progress)
            throws IOException {
        URLConnection connection = open(uri, have, "", "");
        try (InputStream in = stream(connection, uri)) {
            long at = have;
            if (have > 0 && !resumed(connection, have)) {
                digest.reset();
                part.truncate(0);
                at = 0;
                if (connection instanceof HttpURLConnection http && http.getResponseCode() == 416) {
                    throw new IOException("the server refused to resume");
                }
            }
            if (at > 0) {
                progress.accept(at);
            }
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                if (at + n > size) {
                    part.truncate(0);
                    throw new IOException("the server sent more than the " + size + " bytes the index promises");
                }
                write(part, buffer, n, at);
                digest.update(buffer, 0, n);
                at += n;
                progress.accept(n);
            }
            return at;
        }
    }

    private static void write(FileChannel part, byte[] buffer, int length, long at) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, length);
        while (bytes.hasRemaining()) {
            part.write(bytes, at + bytes.position());
        }
    }

    private static boolean resumed(URLConnection connection, long have) throws IOException {
        String range = connection.getHeaderField("Content-Range");
        return connection instanceof HttpURLConnection http && http.getResponseCode() == 206 && range != null
                && range.startsWith("bytes " + have + "-");
    }

    private URLConnection open(URI uri, long from, String etag, String modified) throws IOException {
        URI at = uri;
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
            URLConnection connection = at.toURL().openConnection(proxy(at));
            if (!(connection instanceof HttpURLConnection http)) {
                if (from > 0) {
                    connection.getInputStream().close();
                    connection = at.toURL().openConnection();
                }
                return connection;
            }
            http.setConnectTimeout(CONNECT_MS);
            http.setReadTimeout(READ_MS);
            http.setInstanceFollowRedirects(false);
            http.setRequestProperty("User-Agent", "mike/0.1 (Debian importer)");
            http.setRequestProperty("Accept-Encoding", "identity");
            if (from > 0) {
                http.setRequestProperty("Range", "bytes=" + from + "-");
            }
            if (!etag.isEmpty()) {
                http.setRequestProperty("If-None-Match", etag);
            }
            if (!modified.isEmpty()) {
                http.setRequestProperty("If-Modified-Since", modified);
            }
            int code = http.getResponseCode();
            String location = http.getHeaderField("Location");
            if (code < 300 || code >= 400 || code == 304 || location == null) {
                return http;
            }
            URI next = at.resolve(location);
            if (!"https".equals(next.getScheme()) && !("http".equals(next.getScheme())
                    && "http".equals(at.getScheme()))) {
                throw new IOException(at + " redirects to " + next + ", which we do not follow");
            }
            at = next;
        }
        throw new IOException(uri + " redirects more than " + MAX_REDIRECTS + " times");
    }

    private static InputStream stream(URLConnection connection, URI uri) throws IOException {
        if (connection instanceof HttpURLConnection http) {
            int code = http.getResponseCode();
            if (code == 404 || code == 410) {
                throw new FileNotFoundException(uri + " does not exist there (HTTP " + code + ")");
            }
            if (code == 416 || code == 304) {
                return InputStream.nullInputStream();
            }
            if (code != 200 && code != 206) {
                throw new IOException(uri + " answered HTTP " + code);
            }
        }
        return connection.getInputStream();
    }

    private Proxy proxy(URI uri) {
        URI proxy = config.proxies().get(uri.getScheme());
        String host = uri.getHost();
        if (proxy == null || host == null) {
            return Proxy.NO_PROXY;
        }
        for (String direct : config.directHosts()) {
            if (direct.equals("*") || host.equals(direct) || direct.startsWith(".") && host.endsWith(direct)) {
                return Proxy.NO_PROXY;
            }
        }
        return new Proxy(Proxy.Type.HTTP, new InetSocketAddress(proxy.getHost(),
                proxy.getPort() < 0 ? 80 : proxy.getPort()));
    }

    private static String header(URLConnection connection, String name) {
        String value = connection.getHeaderField(name);
        return value == null ? "" : value;
    }

    private static void space(Path target, long needed) throws IOException {
        // Not a FileStore: that one wants the mount point in /proc/mounts, and a chroot has none there.
        long free = target.toAbsolutePath().getParent().toFile().getUsableSpace();
        if (needed > 0 && free < needed + SPARE) {
            throw new IOException("No space left on device: " + (free >> 20) + " MiB free, "
                    + ((needed + SPARE) >> 20) + " MiB needed");
        }
    }

    private static boolean full(IOException e) {
        String message = String.valueOf(e.getMessage());
        return message.contains("No space left") || message.contains("quota");
    }

    static Failure unavailable(URI uri, Path target, IOException e) {
        if (full(e)) {
            return new Failure(Failure.Kind.UNAVAILABLE, "no room to store " + target + ": " + e.getMessage(),
                    "Free some space there (`mike images` lists what takes it), or set MIKE_HOME to another disk.", e);
        }
        String why = e instanceof java.net.UnknownHostException ? "unknown host " + e.getMessage() : e.getMessage();
        return new Failure(Failure.Kind.UNAVAILABLE, "cannot download " + uri + ": "
                + (why == null ? e.getClass().getSimpleName() : why),
                "Is the network up, and is the mirror in apt's sources right? What has arrived is kept.", e);
    }

    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** SHA-256 of a text's UTF-8 bytes in lower-case hex. */
    public static String digest(String text) {
        return HexFormat.of().formatHex(sha256().digest(text.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    }
}
