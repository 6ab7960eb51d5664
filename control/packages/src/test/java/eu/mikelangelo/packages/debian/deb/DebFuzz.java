package eu.mikelangelo.packages.debian.deb;

import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Fuzz target: a .deb is walked to its end or refused, in bounded memory, and no path leaves the tree. */
public final class DebFuzz {
    /** Enough of a member's content to see that it can be read; a bomb is the reader's caller's to bound. */
    private static final int MAX_READ = 1 << 16;

    private DebFuzz() { }

    public static void fuzzerTestOneInput(byte[] bytes) {
        try {
            Path file = Files.createTempFile("deb-fuzz", ".deb");
            try {
                Files.write(file, bytes);
                walk(() -> DebReader.control(file, DebFuzz::see));
                walk(() -> DebReader.data(file, DebFuzz::see));
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @FunctionalInterface
    private interface Walk {
        void run() throws IOException;
    }

    private static void walk(Walk walk) {
        try {
            walk.run();
        } catch (IOException | Failure refused) {
            // As it should be.
        }
    }

    private static boolean see(DebReader.Member member) throws IOException {
        String path = member.path();
        if (!path.startsWith("/") || (path + "/").contains("/../") || path.indexOf('\0') >= 0) {
            throw new AssertionError("a path that leaves the tree: " + path);
        }
        if (member.kind() == 'h' && (member.target() + "/").contains("/../")) {
            throw new AssertionError("a hard link that leaves the tree: " + member.target());
        }
        if (member.size() < 0 || member.size() > DebReader.MAX_FILE || "fdlh".indexOf(member.kind()) < 0) {
            throw new AssertionError(member.toString());
        }
        if (member.kind() == 'f' && member.content().readNBytes(MAX_READ).length > member.size()) {
            throw new AssertionError("more content than its size: " + member);
        }
        return true;
    }
}
