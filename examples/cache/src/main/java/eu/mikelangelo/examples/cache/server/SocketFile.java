package eu.mikelangelo.examples.cache.server;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.UnixSockets;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;

/**
 * The file of a Unix socket. The socket is made beside it and moved there when its mode is set and somebody listens, so
 * nobody meets it half made; one that a dead server has left is replaced, one that lives is not. Any thread.
 */
final class SocketFile {
    private static final int S_IFMT = 0170000;
    private static final int S_IFSOCK = 0140000;

    private final Path path;
    private final Path made;
    private Object identity;

    private SocketFile(Path path, Path made) {
        this.path = path;
        this.made = made;
    }

    /** @throws IllegalArgumentException when there is something that is not to be replaced, with a sentence */
    static SocketFile at(String path) {
        Path file = Path.of(path).toAbsolutePath();
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            if (!isSocket(file)) {
                throw new IllegalArgumentException(path + " is there already, and is no socket");
            }
            int fd = UnixSockets.connect(path);
            if (fd >= 0) {
                Fds.close(fd);
                throw new IllegalArgumentException("somebody listens at " + path + " already");
            }
        }
        Path made = file.resolveSibling(file.getFileName() + "." + ProcessHandle.current().pid());
        return new SocketFile(file, made);
    }

    private static boolean isSocket(Path file) {
        try {
            int mode = (int) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS);
            return (mode & S_IFMT) == S_IFSOCK;
        } catch (IOException gone) {
            return false;
        }
    }

    /** Where to listen at first. */
    String made() {
        return made.toString();
    }

    /** Somebody listens: who may connect is said, and the socket goes where it is looked for. */
    void publish(int mode) {
        try {
            Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
            PosixFilePermission[] all = PosixFilePermission.values();
            for (int i = 0; i < all.length; i++) {
                if ((mode >> all.length - 1 - i & 1) != 0) {
                    permissions.add(all[i]);
                }
            }
            Files.setPosixFilePermissions(made, permissions);
            identity = key(made);
            Files.move(made, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException failed) {
            throw new UncheckedIOException("the socket " + path + " cannot be made", failed);
        }
    }

    private static Object key(Path of) throws IOException {
        return Files.getAttribute(of, "unix:ino", LinkOption.NOFOLLOW_LINKS);
    }

    /** Removes it, unless it is another's by now. */
    void remove() {
        try {
            if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && key(path).equals(identity)) {
                Files.delete(path);
            }
        } catch (IOException gone) {
            // Then there is nothing to remove.
            return;
        }
    }
}
