package eu.mikelangelo.packages;

import eu.mikelangelo.base.Durable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Content-addressed files: {@code root/ab/abcdef…} holds the bytes whose SHA-256 is abcdef…. Safe for use by many
 * threads and processes at once: a blob appears whole by rename or not at all. Blobs are not fsynced one by one; a
 * reader that needs certainty after a crash checks the digest ({@link #verify}).
 */
public final class BlobStore {
    private static final AtomicLong SERIAL = new AtomicLong();
    private final Path root;

    /** A blob that was put. */
    public record Blob(String sha256, long size) { }

    public BlobStore(Path root) {
        this.root = root;
    }

    /** Where the blob lies (or would lie). */
    public Path path(String sha256) {
        if (!sha256.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("not a sha256: " + sha256);
        }
        return root.resolve(sha256.substring(0, 2)).resolve(sha256);
    }

    public boolean has(String sha256) {
        return Files.isRegularFile(path(sha256));
    }

    public InputStream open(String sha256) throws IOException {
        return Files.newInputStream(path(sha256));
    }

    /** Stores at most {@code limit} bytes of the stream; more is an IOException, and nothing is kept. */
    public Blob put(InputStream in, long limit) throws IOException {
        Durable.privateFolder(root);
        Path temporary = root.resolve(".put." + ProcessHandle.current().pid() + "." + SERIAL.incrementAndGet());
        try {
            MessageDigest digest = sha256();
            long size = copy(new DigestInputStream(in, digest), temporary, limit);
            String hex = HexFormat.of().formatHex(digest.digest());
            Path target = path(hex);
            if (!Files.isRegularFile(target) || Files.size(target) != size) {
                Durable.privateFolder(target.getParent());
                Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
            return new Blob(hex, size);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /** Whether the stored bytes still have the digest; a blob that lies is removed. */
    public boolean verify(String sha256) throws IOException {
        if (!has(sha256)) {
            return false;
        }
        MessageDigest digest = sha256();
        try (InputStream in = new DigestInputStream(open(sha256), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        boolean same = HexFormat.of().formatHex(digest.digest()).equals(sha256);
        if (!same) {
            Files.deleteIfExists(path(sha256));
        }
        return same;
    }

    private static long copy(InputStream in, Path to, long limit) throws IOException {
        long size = 0;
        byte[] buffer = new byte[64 * 1024];
        try (OutputStream out = Files.newOutputStream(to)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                size += n;
                if (size > limit) {
                    throw new IOException("more than " + limit + " bytes");
                }
                out.write(buffer, 0, n);
            }
        }
        return size;
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
