package eu.mikelangelo.machines.qemu;

import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.initrd.Newc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Decides between KVM and emulation by booting the kernel into user space with each: /dev/kvm may exist and yet QEMU
 * abort on it, or the guest hang before its first instruction in the kernel. The verdict is kept in {@code
 * data/accelerator.json} until QEMU, the guest's kernel, the host's kernel, its boot or /dev/kvm changes.
 * MIKE_ACCEL=kvm or tcg overrides it.
 * Thread-safe: who comes during a probe waits for its verdict.
 */
public final class AcceleratorProbe {
    private static final Path KVM = Path.of("/dev/kvm");
    private static final Duration KVM_PATIENCE = Duration.ofSeconds(10);
    private static final Duration TCG_PATIENCE = Duration.ofSeconds(60);
    private static final String MARK = "mike-probe: user space\n";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Map<String, String> env;
    private final Path cache;
    private final ReentrantLock lock = new ReentrantLock();

    /** What the file holds; {@code key} says what the verdict depends on. */
    record Cached(int schema, String key, Accelerator verdict) {
        static final int SCHEMA = 1;
    }

    /** The outcome of one boot. */
    record Boot(boolean reached, String story) { }

    public AcceleratorProbe(Map<String, String> env, Path cache) {
        this.env = env;
        this.cache = cache;
    }

    /**
     * The accelerator for this QEMU and kernel; a few seconds the first time, then a file read.
     *
     * @throws Failure BAD_INPUT for a MIKE_ACCEL that is neither; UNAVAILABLE when nothing boots the kernel
     */
    public Accelerator accelerator(Qemu qemu, Path kernel) {
        String override = env.getOrDefault("MIKE_ACCEL", "");
        if (!override.isEmpty()) {
            if (!override.equals("kvm") && !override.equals("tcg")) {
                throw new Failure(Failure.Kind.BAD_INPUT, "MIKE_ACCEL=" + override + " is no accelerator",
                        "use kvm or tcg, or unset it");
            }
            return new Accelerator(override, "MIKE_ACCEL=" + override);
        }
        lock.lock();
        try {
            String key = key(qemu, kernel);
            Cached known = read();
            if (known != null && known.schema() == Cached.SCHEMA && key.equals(known.key())
                    && known.verdict() != null) {
                return known.verdict();
            }
            Durable.privateFolder(cache.toAbsolutePath().getParent());
            Accelerator verdict = probe(qemu, kernel);
            Durable.write(cache, JSON.writeValueAsString(new Cached(Cached.SCHEMA, key, verdict)));
            return verdict;
        } catch (IOException e) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "cannot probe the accelerator: " + e.getMessage(),
                    "MIKE_ACCEL=tcg skips the probe", e);
        } finally {
            lock.unlock();
        }
    }

    private Accelerator probe(Qemu qemu, Path kernel) throws IOException {
        List<String> stories = new ArrayList<>();
        for (String name : List.of("kvm", "tcg")) {
            Boot boot = boot(qemu, kernel, name);
            stories.add(name + " " + boot.story());
            if (boot.reached()) {
                return new Accelerator(name, String.join("; ", stories));
            }
        }
        throw new Failure(Failure.Kind.UNAVAILABLE, "no accelerator boots " + kernel + ": "
                + String.join("; ", stories), "check that the kernel is one for x86-64 and that "
                + qemu.binary() + " works");
    }

    private Boot boot(Qemu qemu, Path kernel, String name) throws IOException {
        if (!qemu.accelerators().contains(name)) {
            return new Boot(false, "is not built into this QEMU");
        }
        if (name.equals("kvm") && !Files.isWritable(KVM)) {
            return new Boot(false, Files.exists(KVM) ? "is there but this user may not open " + KVM
                    : "is not there (no " + KVM + ")");
        }
        Path initrd = Files.createTempFile(cache.toAbsolutePath().getParent(), ".probe", ".cpio",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            Files.write(initrd, new Newc().file("init", 0755, ProbeInit.elf(MARK)).finish());
            long start = System.nanoTime();
            Programs.Result result = Programs.run(command(qemu, kernel, initrd, name).argv(), "",
                    name.equals("kvm") ? KVM_PATIENCE : TCG_PATIENCE, text -> text.contains(MARK.strip()));
            return judge(result, kernel, (System.nanoTime() - start) / 1_000_000);
        } finally {
            Files.deleteIfExists(initrd);
        }
    }

    private static QemuCommand command(Qemu qemu, Path kernel, Path initrd, String name) {
        // The processor model must be the one machines get: it decides what KVM refuses.
        return QemuCommand.of(qemu.binary(), "mike-probe",
                        new QemuCommand.Machine("q35", name, cpuModel(name), 1, 128))
                .with(new QemuCommand.Kernel(kernel, initrd, "console=ttyS0 panic=-1 no_timer_check"))
                .with(new QemuCommand.Serial(null));
    }

    /** The processor model machines get under an accelerator. */
    public static String cpuModel(String accelerator) {
        return accelerator.equals("kvm") ? "host" : "max";
    }

    static Boot judge(Programs.Result result, Path kernel, long milliseconds) {
        String time = "%d.%d s".formatted(milliseconds / 1000, milliseconds % 1000 / 100);
        if (result.output().contains(MARK.strip())) {
            return new Boot(true, "booted " + kernel.getFileName() + " into user space in " + time);
        }
        List<String> lines = result.output().lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
        String last = lines.isEmpty() ? "it wrote nothing" : "its last line: " + printable(lines.getLast());
        return new Boot(false, (result.timedOut() ? "did not reach user space within " + time
                : "failed after " + time + " (QEMU's exit code " + result.exit() + ")") + ", " + last);
    }

    private static String printable(String line) {
        String clean = line.replaceAll("\\p{Cntrl}", "?");
        return clean.length() > 200 ? clean.substring(0, 200) + "…" : clean;
    }

    private Cached read() {
        try {
            return Files.isRegularFile(cache) ? JSON.readValue(Files.readAllBytes(cache), Cached.class) : null;
        } catch (IOException | JacksonException e) {
            return null;
        }
    }

    private static String key(Qemu qemu, Path kernel) throws IOException {
        String kvm = !Files.exists(KVM) ? "absent" : Files.isWritable(KVM) ? "open" : "closed";
        return String.join("|", stamp(Path.of(qemu.binary())), stamp(kernel), System.getProperty("os.version"),
                Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip(), kvm);
    }

    private static String stamp(Path file) throws IOException {
        return file + ":" + Files.size(file) + ":" + Files.getLastModifiedTime(file);
    }
}
