package eu.mikelangelo.packages.image;

import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code names.json}: which name means which image. Threads take turns by a lock, processes by a lock file. */
final class NameBook {
    private static final String SCHEMA = "mikelangelo-names/1";
    private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    /** One for the process: a FileLock is refused, not awaited, when another thread here holds it. */
    private static final ReentrantLock TURN = new ReentrantLock();
    private final Path file;
    private final Path lock;

    /** The file's shape. */
    public record Book(String schema, Map<String, Line> names) { }

    /** One name. */
    public record Line(String digest, long size, String created, String origin) { }

    /** A change of the names, made while nobody else changes them. */
    private interface Change {
        boolean apply(TreeMap<String, ImageStore.Entry> names);
    }

    NameBook(Path folder) {
        this.file = folder.resolve("names.json");
        this.lock = folder.resolve("names.lock");
    }

    /**
     * Names in order.
     *
     * @throws Failure UNTRUSTED when the file is damaged, BAD_INPUT when another version wrote it
     */
    TreeMap<String, ImageStore.Entry> read() throws IOException {
        TreeMap<String, ImageStore.Entry> names = new TreeMap<>();
        try {
            Book book = JSON.readValue(Files.readAllBytes(file), Book.class);
            if (!SCHEMA.equals(book.schema())) {
                throw new Failure(Failure.Kind.BAD_INPUT, file + " is of schema " + book.schema()
                        + "; this program reads " + SCHEMA, "Another version of Mikelangelo wrote it: use that one.");
            }
            book.names().forEach((name, line) -> names.put(name, new ImageStore.Entry(name, line.digest(),
                    line.size(), Instant.parse(line.created()), line.origin())));
        } catch (NoSuchFileException e) {
            return names; // the first image is yet to come
        } catch (JacksonException | NullPointerException | java.time.DateTimeException e) {
            throw new Failure(Failure.Kind.UNTRUSTED, file + " cannot be read: "
                    + (e instanceof JacksonException json ? json.getOriginalMessage() : e.getMessage()),
                    "Move the file away; the images stay and can be found by digest.", e);
        }
        return names;
    }

    ImageStore.Entry put(ImageStore.Entry entry) throws IOException {
        ImageStore.Entry[] result = {entry};
        change(names -> {
            ImageStore.Entry old = names.get(entry.name());
            if (old != null && old.digest().equals(entry.digest()) && old.origin().equals(entry.origin())) {
                result[0] = old; // the same image keeps its date
                return false;
            }
            names.put(entry.name(), entry);
            return true;
        });
        return result[0];
    }

    /** Removes the entry's name, or all names of its digest. */
    void remove(ImageStore.Entry entry, boolean onlyName) throws IOException {
        change(names -> onlyName ? names.remove(entry.name()) != null
                : names.values().removeIf(other -> other.digest().equals(entry.digest())));
    }

    /** Puts names in place of a damaged book, which is kept beside them as {@code names.json.damaged}. */
    void replace(Collection<ImageStore.Entry> entries) throws IOException {
        change(() -> {
            // A copy: whoever is killed here leaves the damaged book in its place, and a successor recovers again.
            Files.copy(file, file.resolveSibling(file.getFileName() + ".damaged"), StandardCopyOption.REPLACE_EXISTING);
            return new TreeMap<>();
        }, names -> {
            entries.forEach(entry -> names.put(entry.name(), entry));
            return true;
        });
    }

    private interface Before {
        TreeMap<String, ImageStore.Entry> names() throws IOException;
    }

    private void change(Change change) throws IOException {
        change(this::read, change);
    }

    private void change(Before before, Change change) throws IOException {
        TURN.lock();
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
             FileLock held = channel.lock()) {
            TreeMap<String, ImageStore.Entry> names = before.names();
            if (held.isValid() && change.apply(names)) {
                TreeMap<String, Line> lines = new TreeMap<>();
                names.forEach((name, entry) -> lines.put(name, new Line(entry.digest(), entry.size(),
                        entry.created().toString(), entry.origin())));
                Durable.write(file, JSON.writeValueAsString(new Book(SCHEMA, lines)) + "\n");
            }
        } finally {
            TURN.unlock();
        }
    }
}
