package eu.mikelangelo.bench.net;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What {@code scripts/net-room.sh} has made for one run, and clears away however that ends: a folder with a short path,
 * huge pages mounted in it, and the list of what was started.
 */
final class Room {
    private final Path folder;
    private int last;

    private Room(Path folder) {
        this.folder = folder;
    }

    /** @throws IllegalStateException when there is none */
    static Room entered() {
        String folder = System.getProperty("mike.net.room");
        if (folder == null) {
            throw new IllegalStateException("this bench is started by ./do bench net, which makes room for it");
        }
        return new Room(Path.of(folder));
    }

    Path hugePages() {
        return folder.resolve("huge");
    }

    /** A new folder for one side of a comparison. */
    Path side() {
        try {
            return Files.createDirectory(folder.resolve("s" + ++last));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where a program listens that is to be found again by its file alone. */
    Path folder() {
        return folder;
    }

    /** Notes a process group that has to end with this run, even if this JVM cannot see to it. */
    void remember(long group) {
        try {
            Files.writeString(folder.resolve("groups"), group + "\n", StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
