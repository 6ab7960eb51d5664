package eu.mikelangelo.bench.net.room;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Set;
import java.util.TreeSet;

/**
 * What {@code scripts/net-room.sh} has made for one run, and clears away however that ends: a folder with a short path,
 * huge pages mounted in it, and the list of what was started.
 */
public final class Room {
    private final Path folder;
    private final Set<Long> groups = new TreeSet<>();
    private int last;

    private Room(Path folder) {
        this.folder = folder;
    }

    /** @throws IllegalStateException when there is none */
    public static Room entered() {
        String folder = System.getProperty("mike.net.room");
        if (folder == null) {
            throw new IllegalStateException("this bench is started by ./do bench net, which makes room for it");
        }
        return new Room(Path.of(folder));
    }

    public Path hugePages() {
        return folder.resolve("huge");
    }

    /** A new folder for one side of a comparison. */
    public Path side() {
        try {
            return Files.createDirectory(folder.resolve("s" + ++last));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Notes a process group that has to end with this run, even if this JVM cannot see to it. */
    synchronized void remember(long group) {
        groups.add(group);
        write();
    }

    /** It has ended; its number may soon be somebody else's. */
    synchronized void forget(long group) {
        groups.remove(group);
        write();
    }

    /** Ends all that was started and has not ended: who waits for an answer of theirs waits no longer. */
    synchronized void endAll() {
        groups.forEach(Group::kill);
    }

    private void write() {
        StringBuilder lines = new StringBuilder();
        groups.forEach(group -> lines.append(group).append('\n'));
        try {
            Path next = Files.writeString(folder.resolve("groups.next"), lines);
            Files.move(next, folder.resolve("groups"), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
