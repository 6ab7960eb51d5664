package eu.mikelangelo.machines;

import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * The folder {@code machines/}, one folder a machine. A machine appears whole, by rename, and disappears the same
 * way; what a killed process left half made or half removed has a name with a leading dot and goes at the next {@link
 * #open}.
 * Thread-safe, and safe for several processes as far as names and numbers go.
 */
public final class MachineStore {
    private static final System.Logger LOG = System.getLogger(MachineStore.class.getName());
    private static final AtomicLong SERIAL = new AtomicLong();
    private static final int MOST_MACHINES = 10_000;
    private final Path root;
    private final Path sockets;
    /** One for all stores of the process: the lock of a file belongs to the process as a whole. */
    private static final ReentrantLock LOCK = new ReentrantLock();

    private MachineStore(Path root, Path sockets) {
        this.root = root;
        this.sockets = sockets;
    }

    /**
     * Opens (and makes, 0700) the folder and clears what a predecessor left half done.
     *
     * @param sockets the folder of the machines' sockets, one folder a number; may be absent
     */
    public static MachineStore open(Path root, Path sockets) throws IOException {
        Durable.privateFolder(root);
        MachineStore store = new MachineStore(root, sockets);
        return store.guarded(() -> {
            try (Stream<Path> entries = Files.list(root)) {
                for (Path entry : entries.filter(MachineStore::halfDone).toList()) {
                    delete(entry);
                }
            }
            return store;
        });
    }

    private static boolean halfDone(Path entry) {
        String name = entry.getFileName().toString();
        return name.startsWith(".new-") || name.startsWith(".gone-");
    }

    private interface Guarded<T> {
        T call() throws IOException;
    }

    /** Runs under the lock of this process's threads and of other processes. */
    private <T> T guarded(Guarded<T> action) throws IOException {
        LOCK.lock();
        try (FileChannel channel = FileChannel.open(root.resolve(".lock"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
            FileLock held = channel.lock();
            try {
                return action.call();
            } finally {
                held.release();
            }
        } finally {
            LOCK.unlock();
        }
    }

    public MachineFolder folder(String name) {
        return new MachineFolder(root.resolve(MachineSpec.checkName(name)));
    }

    /** Names of all folders, readable or not, sorted. */
    public List<String> names() throws IOException {
        try (Stream<Path> entries = Files.list(root)) {
            return entries.filter(entry -> Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS))
                    .map(entry -> entry.getFileName().toString())
                    .filter(name -> MachineSpec.NAME.matcher(name).matches()).sorted().toList();
        }
    }

    /**
     * Makes a machine's folder with spec.json and state.json (CREATED).
     *
     * @throws Failure CONFLICT when the given name is taken or there are too many machines
     */
    public MachineSpec create(MachineRequest request) throws IOException {
        return guarded(() -> {
            List<String> names = names();
            if (names.size() >= MOST_MACHINES) {
                throw new Failure(Failure.Kind.CONFLICT, "there are " + names.size() + " machines already",
                        "remove some with mike rm");
            }
            String name = request.name().isEmpty() ? freeName(defaultName(request.image().reference()), names)
                    : MachineSpec.checkName(request.name());
            if (names.contains(name)) {
                throw taken(name);
            }
            MachineSpec spec = new MachineSpec(MachineSpec.schema(request.net()), name, freeNumber(names),
                    request.image(), request.kernel(), request.memoryMiB(), request.cpus(), request.ports(),
                    request.env(), request.command(), request.pre(), request.stopSeconds(), Instant.now(),
                    request.net());
            publish(spec);
            return spec;
        });
    }

    private void publish(MachineSpec spec) throws IOException {
        Path temporary = root.resolve(".new-" + spec.name() + "-" + ProcessHandle.current().pid() + "-"
                + SERIAL.incrementAndGet());
        Durable.privateFolder(temporary);
        try {
            MachineFolder folder = new MachineFolder(temporary);
            folder.write(spec);
            folder.write(MachineState.created(spec.created()));
            Durable.publish(temporary, root.resolve(spec.name()));
        } catch (IOException e) {
            delete(temporary);
            throw e;
        }
    }

    /** Removes a machine's folder with all in it; nothing happens when there is none. The machine must not be live. */
    public void remove(String name) throws IOException {
        Path folder = folder(name).folder();
        Path doomed = root.resolve(".gone-" + name + "-" + ProcessHandle.current().pid() + "-"
                + SERIAL.incrementAndGet());
        boolean moved = guarded(() -> {
            if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
                return false;
            }
            Files.move(folder, doomed, StandardCopyOption.ATOMIC_MOVE);
            return true;
        });
        if (moved) {
            delete(doomed);
        }
    }

    private static Failure taken(String name) {
        return new Failure(Failure.Kind.CONFLICT, "there is a machine \"" + name + "\" already",
                "choose another with --name, or remove it: mike rm -f " + name);
    }

    /** The name of a machine made from an image: the last part of the reference without version, in allowed letters. */
    static String defaultName(String reference) {
        String last = reference.replaceAll("/+$", "").replaceAll(".*/", "").replaceAll("[:@=].*", "")
                .replaceAll("\\.img$", "").toLowerCase(Locale.ROOT);
        String name = last.replaceAll("[^a-z0-9_.-]", "-").replaceAll("^[^a-z0-9]+", "");
        return name.isEmpty() ? "machine" : name.substring(0, Math.min(name.length(), 50));
    }

    private static String freeName(String base, List<String> names) {
        String name = base;
        for (int n = 2; names.contains(name); n++) {
            name = base + "-" + n;
        }
        return name;
    }

    /** Numbers whose sockets are there: a QEMU may use them whose machine's files cannot be read. */
    BitSet numbersWithSockets() throws IOException {
        BitSet numbers = new BitSet();
        if (Files.isDirectory(sockets)) {
            try (Stream<Path> folders = Files.list(sockets)) {
                folders.map(folder -> folder.getFileName().toString()).filter(text -> text.matches("[0-9]{1,5}"))
                        .mapToInt(Integer::parseInt).forEach(numbers::set);
            }
        }
        return numbers;
    }

    private int freeNumber(List<String> names) throws IOException {
        BitSet used = numbersWithSockets();
        for (String name : names) {
            try {
                used.set(folder(name).readSpec().number());
            } catch (Failure e) {
                LOG.log(System.Logger.Level.WARNING, "its number is unknown: " + e.getMessage());
            }
        }
        return used.nextClearBit(MachineSpec.FIRST_NUMBER); // MOST_MACHINES keeps it below LAST_NUMBER
    }

    /** Deletes a folder and what is in it; never follows a link. */
    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        List<IOException> troubles = new ArrayList<>();
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path entry, IOException trouble) throws IOException {
                if (trouble != null) {
                    troubles.add(trouble);
                }
                Files.deleteIfExists(entry);
                return FileVisitResult.CONTINUE;
            }
        });
        if (!troubles.isEmpty()) {
            throw troubles.getFirst();
        }
    }
}
