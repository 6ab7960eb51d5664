package eu.mikelangelo.machines.host;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * Keeps a log that QEMU writes (with O_APPEND) within bounds: when it has grown beyond a limit its last part becomes
 * {@code <log>.1} and the log itself is truncated under the writer. What is written between the two is lost. Stateless.
 */
public final class LogRotator {
    public static final long MOST_BYTES = 8L * 1024 * 1024;

    private LogRotator() { }

    /** Rotates if needed; a log that is not there is fine. @return whether it was */
    public static boolean rotate(Path log, long most) throws IOException {
        if (!Files.isRegularFile(log) || Files.size(log) <= most) {
            return false;
        }
        cut(log, most);
        return true;
    }

    /** Makes what is there the predecessor, whatever its size: a new run begins. */
    public static void begin(Path log) throws IOException {
        if (Files.isRegularFile(log) && Files.size(log) > 0) {
            cut(log, MOST_BYTES);
        }
    }

    /** The log is truncated whatever becomes of the copy: a disk that is full because of it must not stay so. */
    private static void cut(Path log, long most) throws IOException {
        try (FileChannel in = FileChannel.open(log, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            try {
                copyEnd(in, most, log.resolveSibling(log.getFileName() + ".1"));
            } finally {
                in.truncate(0);
            }
        }
    }

    private static void copyEnd(FileChannel in, long most, Path predecessor) throws IOException {
        try (FileChannel out = FileChannel.open(predecessor,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            long size = in.size();
            long at = Math.max(0, size - most);
            while (at < size) {
                long moved = in.transferTo(at, size - at, out);
                if (moved <= 0) {
                    break;
                }
                at += moved;
            }
        }
    }
}
