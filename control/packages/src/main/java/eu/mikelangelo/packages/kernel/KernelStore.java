package eu.mikelangelo.packages.kernel;

import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.packages.Deb;
import eu.mikelangelo.packages.PackageSource;
import eu.mikelangelo.packages.Storage;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The kernels of one home, taken from the distribution's cloud kernel package and unpacked once. A kernel appears
 * whole, by the rename of its folder. Safe for many threads (they take turns) and processes (whoever comes second
 * finds the same kernel).
 */
public final class KernelStore {
    /** Depends on the newest kernel that the distribution builds for virtual machines. */
    static final String META_PACKAGE = "linux-image-cloud-amd64";
    private static final Pattern IMAGE_PACKAGE = Pattern.compile("linux-image-[0-9][A-Za-z0-9.+-]*-cloud-amd64");
    /** What a q35 machine of ours has: PCI transport, network, console and control ports, entropy. */
    static final List<String> WANTED = List.of("virtio_pci", "virtio_net", "virtio_console", "virtio_rng");
    /** What can wait until the application runs: telling of a panic, the power button that QMP presses. */
    static final List<String> LATE = List.of("pvpanic_pci", "button", "evdev");
    private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    private static final AtomicLong SERIAL = new AtomicLong();
    private final ReentrantLock turn = new ReentrantLock();
    private final Path folder;
    private final PackageSource packages;

    /** current.json: which kernel new images get, and for which state of the index. */
    public record Current(String fingerprint, String sha256) { }

    private KernelStore(Path folder, PackageSource packages) {
        this.folder = folder;
        this.packages = packages;
    }

    /** Opens the store and removes what interrupted unpacking left behind. */
    public static KernelStore open(Path folder, PackageSource packages) {
        KernelStore store = new KernelStore(folder, packages);
        try {
            Durable.privateFolder(folder);
            store.sweep();
        } catch (IOException e) {
            throw Storage.failure("open the kernel store " + folder, e);
        }
        return store;
    }

    /** The kernel for new images: the newest that the index knows, fetched when it is not here. */
    public Kernel current(Progress progress) {
        turn.lock();
        try {
            Current known = readCurrent();
            Kernel kernel = known == null ? null : find(known.sha256());
            String fingerprint;
            try {
                fingerprint = packages.fingerprint(META_PACKAGE, progress);
            } catch (Failure e) {
                if (kernel != null && e.kind() == Failure.Kind.UNAVAILABLE) {
                    return kernel; // without a network the kernel we have is the newest
                }
                throw e;
            }
            if (kernel != null && known.fingerprint().equals(fingerprint)
                    && kernel.description().wanted().equals(asked(WANTED, LATE))) {
                return kernel;
            }
            kernel = unpack(newest(progress), progress);
            Durable.write(folder.resolve("current.json"),
                    JSON.writeValueAsString(new Current(fingerprint, kernel.sha256())) + "\n");
            return kernel;
        } catch (IOException e) {
            throw Storage.failure("prepare a kernel in " + folder, e);
        } finally {
            turn.unlock();
        }
    }

    /**
     * The kernel of this digest, for an image that names it; fetched from its package when it is not here.
     *
     * @throws Failure UNAVAILABLE when the archive has moved on to another kernel
     */
    public Kernel require(String sha256, String packageName, Progress progress) {
        turn.lock();
        try {
            Kernel kernel = find(sha256);
            if (kernel != null) {
                return kernel;
            }
            if (!IMAGE_PACKAGE.matcher(packageName).matches()) {
                throw new Failure(Failure.Kind.UNTRUSTED, "the image names \"" + packageName
                        + "\", which is no package of a cloud kernel", "Compose the image again.");
            }
            kernel = unpack(packages.fetch(packageName, progress), progress);
            if (!kernel.sha256().equals(sha256)) {
                throw new Failure(Failure.Kind.UNAVAILABLE, "the image needs kernel " + sha256 + " of " + packageName
                        + "; the archive now has version " + kernel.description().version() + ", kernel "
                        + kernel.sha256(), "Compose the image again.");
            }
            return kernel;
        } catch (IOException e) {
            throw Storage.failure("prepare the kernel " + sha256, e);
        } finally {
            turn.unlock();
        }
    }

    /** The kernel of this digest, or null. */
    public Kernel find(String sha256) {
        Path home = folder.resolve(sha256);
        try {
            Kernel kernel = new Kernel(home,
                    JSON.readValue(Files.readAllBytes(home.resolve("kernel.json")), Kernel.Description.class));
            boolean whole = kernel.sha256().equals(sha256)
                    && Files.size(kernel.vmlinuz()) == kernel.description().size()
                    && (kernel.description().elf() == null
                    || Files.size(kernel.bootFile()) == kernel.description().elf().size());
            return whole && untouched(kernel) ? kernel : null;
        } catch (NoSuchFileException | JacksonException e) {
            return null; // not here, or damaged: unpacked again
        } catch (IOException e) {
            throw Storage.failure("read the kernel " + home, e);
        }
    }

    /** kernel.json is written last: a file with a later time was changed since, and must show its digest. */
    private static boolean untouched(Kernel kernel) throws IOException {
        Instant written = Files.getLastModifiedTime(kernel.folder().resolve("kernel.json")).toInstant();
        Kernel.Elf elf = kernel.description().elf();
        for (Kernel.Module module : kernel.description().modules()) {
            if (!same(kernel.module(module), written, module.sha256())) {
                return false;
            }
        }
        return same(kernel.vmlinuz(), written, kernel.sha256())
                && (elf == null || same(kernel.bootFile(), written, elf.sha256()));
    }

    private static boolean same(Path file, Instant written, String sha256) throws IOException {
        if (!Files.getLastModifiedTime(file).toInstant().isAfter(written)) {
            return true;
        }
        return Storage.sha256(file).equals(sha256);
    }

    /** All kernels that are here. */
    public List<Kernel> list() {
        List<Kernel> kernels = new ArrayList<>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(folder)) {
            for (Path home : folders) {
                String name = home.getFileName().toString();
                Kernel kernel = name.matches("[0-9a-f]{64}") ? find(name) : null;
                if (kernel != null) {
                    kernels.add(kernel);
                }
            }
        } catch (IOException e) {
            throw Storage.failure("list the kernels in " + folder, e);
        }
        kernels.sort(Comparator.comparing(Kernel::sha256));
        return kernels;
    }

    static List<String> asked(List<String> wanted, List<String> late) {
        List<String> all = new ArrayList<>(wanted);
        all.addAll(late);
        return all;
    }

    private Deb newest(Progress progress) throws IOException {
        Deb deb = packages.fetch(META_PACKAGE, progress);
        if (IMAGE_PACKAGE.matcher(deb.name()).matches()) {
            return deb; // the source knows that the name stands for it
        }
        Matcher matcher = IMAGE_PACKAGE.matcher(DebArchive.field(deb.file(), "Depends"));
        if (!matcher.find()) {
            throw new Failure(Failure.Kind.UNAVAILABLE, META_PACKAGE + " " + deb.version()
                    + " depends on no kernel that we understand", "Is this a Debian archive with cloud kernels?");
        }
        return packages.fetch(matcher.group(), progress);
    }

    private Kernel unpack(Deb deb, Progress progress) throws IOException {
        progress.step("unpacking kernel " + deb.name() + " " + deb.version());
        Path temporary = newTemporary();
        Files.createDirectory(temporary);
        try {
            Kernel.Description description;
            try {
                description = KernelPackage.unpack(deb, temporary, WANTED, LATE);
            } catch (java.io.EOFException | org.tukaani.xz.XZIOException e) {
                throw new Failure(Failure.Kind.UNTRUSTED, "the kernel package " + deb.file() + " is damaged: "
                        + e.getMessage(), "Remove the file and try again.", e);
            }
            for (String file : List.of("vmlinuz", "vmlinux")) {
                sync(temporary.resolve(file));
            }
            Durable.write(temporary.resolve("kernel.json"), JSON.writeValueAsString(description) + "\n");
            Path home = folder.resolve(description.sha256());
            if (find(description.sha256()) == null || !find(description.sha256()).description().equals(description)) {
                moveAside(home);
                publish(temporary, home);
            }
            return new Kernel(home, description);
        } finally {
            deleteTree(temporary);
        }
    }

    /** A damaged kernel of the same digest, or one with other modules, makes room. */
    private void moveAside(Path home) throws IOException {
        if (Files.exists(home)) {
            Path old = newTemporary();
            Files.move(home, old, StandardCopyOption.ATOMIC_MOVE);
            deleteTree(old);
        }
    }

    /** A name that {@link #sweep} removes once this process is gone. */
    private Path newTemporary() {
        return folder.resolve("tmp." + ProcessHandle.current().pid() + "." + SERIAL.incrementAndGet());
    }

    private static void publish(Path temporary, Path home) throws IOException {
        try {
            Files.move(temporary, home, StandardCopyOption.ATOMIC_MOVE);
        } catch (DirectoryNotEmptyException | FileAlreadyExistsException e) {
            return; // another process unpacked the same kernel meanwhile
        }
        sync(home.getParent());
    }

    private static void sync(Path file) throws IOException {
        if (Files.exists(file)) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    private Current readCurrent() throws IOException {
        try {
            return JSON.readValue(Files.readAllBytes(folder.resolve("current.json")), Current.class);
        } catch (NoSuchFileException | JacksonException e) {
            return null;
        }
    }

    /** Unfinished folders of processes that are gone: {@code tmp.PID.N}. */
    private void sweep() throws IOException {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(folder, "tmp.*")) {
            for (Path unfinished : folders) {
                String[] parts = unfinished.getFileName().toString().split("\\.");
                boolean alive = parts[1].matches("[0-9]{1,10}")
                        && ProcessHandle.of(Long.parseLong(parts[1])).isPresent();
                if (!alive) {
                    deleteTree(unfinished);
                }
            }
        }
    }

    private static void deleteTree(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
