package eu.mikelangelo.agent.service;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.BooleanSupplier;

/**
 * Copies a log that is being written and rotated (FILE becomes FILE.1, a new FILE begins): first what it has, all or
 * its last lines, then what comes. Reads the file instead of the live stream, so nothing is lost between the two and a
 * restarted agent continues where the machine is.
 */
public final class LogFollower {
    private static final int POLL_MILLIS = 20;
    private static final int BLOCK_BYTES = 64 << 10;
    private final Path file;
    private final Path previous;
    private long position;
    private Object key;

    public LogFollower(Path file) {
        this.file = file;
        this.previous = file.resolveSibling(file.getFileName() + ".1");
    }

    /** Copies what the log has now; {@code tail} lines of it, or all when it is negative. */
    public void copyPresent(OutputStream out, int tail) throws IOException {
        if (tail >= 0) {
            copyTail(out, tail);
            return;
        }
        if (Files.exists(previous)) {
            copyFrom(previous, 0, out);
        }
        key = fileKey();
        position = copyFrom(file, 0, out);
    }

    /** Copies what comes, until {@code over} (then what was written last) or the reader is gone. */
    public void follow(OutputStream out, BooleanSupplier over, BooleanSupplier readerGone) throws IOException {
        while (true) {
            boolean last = over.getAsBoolean();
            boolean moved = copyNew(out);
            if (last || !moved && readerGone.getAsBoolean()) {
                return;
            }
            if (!moved) {
                sleep();
            }
        }
    }

    private boolean copyNew(OutputStream out) throws IOException {
        Object now = fileKey();
        long before = position;
        boolean rotated = key != null && now != null && (!now.equals(key) || Files.size(file) < position);
        if (rotated) {
            copyFrom(previous, position, out);
            position = 0;
        }
        key = now == null ? key : now;
        position = copyFrom(file, position, out);
        return rotated || position > before;
    }

    private Object fileKey() throws IOException {
        try {
            return Files.readAttributes(file, java.nio.file.attribute.BasicFileAttributes.class).fileKey();
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    /** Returns the position of its end. */
    private static long copyFrom(Path from, long position, OutputStream out) throws IOException {
        try (FileChannel channel = FileChannel.open(from, StandardOpenOption.READ)) {
            ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
            long at = position;
            for (int n = channel.read(block, at); n > 0; n = channel.read(block, at)) {
                out.write(block.array(), 0, n);
                at += n;
                block.clear();
            }
            return at;
        } catch (NoSuchFileException e) {
            return position;
        }
    }

    private void copyTail(OutputStream out, int lines) throws IOException {
        long inFile = Files.exists(file) ? startOfTail(file, lines) : 0;
        int missing = lines - countLines(file, inFile);
        if (missing > 0 && inFile == 0 && Files.exists(previous)) {
            copyFrom(previous, startOfTail(previous, missing), out);
        }
        key = fileKey();
        position = copyFrom(file, inFile, out);
    }

    /** Where the last {@code lines} lines begin; a last line without its newline counts. */
    private static long startOfTail(Path of, int lines) throws IOException {
        try (FileChannel channel = FileChannel.open(of, StandardOpenOption.READ)) {
            long end = channel.size();
            int wanted = lines;
            ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
            for (long high = end; high > 0; high -= BLOCK_BYTES) {
                long low = Math.max(0, high - BLOCK_BYTES);
                block.clear().limit((int) (high - low));
                channel.read(block, low);
                for (int i = block.position() - 1; i >= 0; i--) {
                    boolean closesLast = low + i == end - 1;
                    if (block.get(i) == '\n' && !closesLast && --wanted == 0) {
                        return low + i + 1;
                    }
                }
            }
            return lines == 0 ? end : 0;
        }
    }

    private static int countLines(Path of, long from) throws IOException {
        int count = 0;
        byte last = '\n';
        try (FileChannel channel = FileChannel.open(of, StandardOpenOption.READ)) {
            ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
            long at = from;
            for (int n = channel.read(block, at); n > 0; n = channel.read(block, at)) {
                for (int i = 0; i < n; i++) {
                    last = block.get(i);
                    count += last == '\n' ? 1 : 0;
                }
                at += n;
                block.clear();
            }
        } catch (NoSuchFileException e) {
            return 0;
        }
        return last == '\n' ? count : count + 1;
    }

    private static void sleep() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new InterruptedIOException("interrupted while following a log"));
        }
    }
}
