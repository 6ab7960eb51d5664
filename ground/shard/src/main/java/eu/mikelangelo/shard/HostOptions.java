package eu.mikelangelo.shard;

import eu.mikelangelo.shard.loop.LoopDevice;
import java.util.ArrayList;
import java.util.List;

/**
 * How a {@link Host} is made. Immutable; each {@code with…} gives a changed copy.
 *
 * @param name begins the names of the threads
 * @param shards how many; 0 for one per CPU but one, which is left to the JVM's own threads
 * @param overprovisioned shares CPUs with others: shards are not pinned and do not spin
 * @param spinNs how long a shard looks for work before it sleeps
 * @param mailCapacity what each of the rings between two shards holds; a power of two
 * @param stallNs a task that keeps the loop for so much CPU time is reported; 0 for never
 * @param closeNs how long {@link Host#close} waits for fibers
 * @param fibers which engine carries them
 * @param devices what the shards sleep in, and how files are read and written
 * @param memoryBytes outside the Java heap, reserved at the start for each shard
 */
public record HostOptions(String name, int shards, boolean overprovisioned, long spinNs, int mailCapacity, long stallNs,
                          long closeNs, Fibers fibers, Devices devices, long memoryBytes) {
    private static final int MAX_SHARDS = 256;
    private static final long MIB = 1 << 20;
    private static final long MAX_MEMORY = MIB << 20;
    private static final String DEVICES = "mikelangelo.shard.devices";

    /** How fibers are carried. */
    public enum Fibers {
        /** By their shard if this JVM lets us, else by threads of their own. */
        AUTO,
        /** By threads of their own, which is slow. */
        POOLED
    }

    /** What shards wait for descriptors and files with. */
    public enum Devices {
        /**
         * epoll for descriptors; files through io_uring where there is one, else through a few threads, and
         * {@link Host#toString} says why. An echo server costs the same with either (50 connections: 4.6 to 5.0 µs of
         * CPU per message), and epoll keeps no descriptor open that was closed, and no queue of its own that runs over
         * with many connections.
         */
        AUTO(LoopDevice.Kind.SPLIT),
        /** io_uring for both; a host without it does not start. */
        URING(LoopDevice.Kind.URING),
        /** epoll for descriptors, threads for files. */
        EPOLL(LoopDevice.Kind.EPOLL),
        /** epoll for descriptors; files cannot be opened, and cost a host that has none neither rings nor threads. */
        NO_FILES(LoopDevice.Kind.EPOLL);

        private final LoopDevice.Kind kind;

        Devices(LoopDevice.Kind kind) {
            this.kind = kind;
        }

        LoopDevice.Kind kind() {
            return kind;
        }

        private static Devices named(String option, String name) {
            return switch (String.valueOf(name)) {
                case "auto" -> AUTO;
                case "uring" -> URING;
                case "epoll" -> EPOLL;
                default -> throw new IllegalArgumentException(option + " is auto, uring or epoll, not " + name);
            };
        }
    }

    public HostOptions {
        check(shards >= 0 && shards <= MAX_SHARDS, "--shards", shards, "0 to " + MAX_SHARDS);
        check(spinNs >= 0, "--spin-us", spinNs / 1000, "at least 0");
        check(mailCapacity >= 2 && Integer.bitCount(mailCapacity) == 1, "--mail", mailCapacity, "a power of two");
        check(stallNs >= 0, "--stall-ms", stallNs / 1_000_000, "at least 0");
        check(closeNs >= 0, "--close-ms", closeNs / 1_000_000, "at least 0");
        check(memoryBytes >= MIB && memoryBytes <= MAX_MEMORY, "--shard-memory", memoryBytes / MIB, "1 to 1048576 MiB");
    }

    private static void check(boolean good, String option, long value, String wanted) {
        if (!good) {
            throw new IllegalArgumentException(option + " is " + value + ", should be " + wanted);
        }
    }

    private static Devices defaultDevices() {
        return Devices.named("the system property " + DEVICES, System.getProperty(DEVICES, "auto"));
    }

    /** The system property {@value #DEVICES} (auto, uring, epoll) names other devices than {@link Devices#AUTO}. */
    public static HostOptions defaults() {
        return new HostOptions("host", 0, false, 100_000, 1024, 25_000_000, 10_000_000_000L, Fibers.AUTO,
                defaultDevices(), 4 * MIB);
    }

    public HostOptions withName(String value) {
        return new HostOptions(value, shards, overprovisioned, spinNs, mailCapacity, stallNs, closeNs, fibers,
                devices, memoryBytes);
    }

    public HostOptions withShards(int value) {
        return new HostOptions(name, value, overprovisioned, spinNs, mailCapacity, stallNs, closeNs, fibers,
                devices, memoryBytes);
    }

    public HostOptions withOverprovisioned(boolean value) {
        return new HostOptions(name, shards, value, value ? 0 : spinNs, mailCapacity, stallNs, closeNs, fibers,
                devices, memoryBytes);
    }

    public HostOptions withSpinNs(long value) {
        return new HostOptions(name, shards, overprovisioned, value, mailCapacity, stallNs, closeNs, fibers,
                devices, memoryBytes);
    }

    public HostOptions withMailCapacity(int value) {
        return new HostOptions(name, shards, overprovisioned, spinNs, value, stallNs, closeNs, fibers,
                devices, memoryBytes);
    }

    public HostOptions withStallNs(long value) {
        return new HostOptions(name, shards, overprovisioned, spinNs, mailCapacity, value, closeNs, fibers,
                devices, memoryBytes);
    }

    public HostOptions withCloseNs(long value) {
        return new HostOptions(name, shards, overprovisioned, spinNs, mailCapacity, stallNs, value, fibers,
                devices, memoryBytes);
    }

    public HostOptions withFibers(Fibers value) {
        return new HostOptions(name, shards, overprovisioned, spinNs, mailCapacity, stallNs, closeNs, value,
                devices, memoryBytes);
    }

    public HostOptions withDevices(Devices value) {
        return new HostOptions(name, shards, overprovisioned, spinNs, mailCapacity, stallNs, closeNs, fibers,
                value, memoryBytes);
    }

    /** Each shard's, outside the Java heap; its blocks are at most 4 MiB. */
    public HostOptions withMemoryBytes(long value) {
        return new HostOptions(name, shards, overprovisioned, spinNs, mailCapacity, stallNs, closeNs, fibers,
                devices, value);
    }

    /** What is in a command line besides the engine's own options. */
    public record Parsed(HostOptions options, List<String> rest) {}

    /**
     * Takes the engine's options out of a command line: {@code --shards N --overprovisioned --spin-us N --mail N
     * --stall-ms N --close-ms N --shard-memory MIB --fibers auto|pooled --devices auto|uring|epoll}.
     *
     * @throws IllegalArgumentException that names the option, its value and what it should be
     */
    public Parsed parse(List<String> arguments) {
        HostOptions options = this;
        List<String> rest = new ArrayList<>();
        for (int i = 0; i < arguments.size(); i++) {
            String word = arguments.get(i);
            String next = i + 1 < arguments.size() ? arguments.get(i + 1) : null;
            HostOptions changed = options.taken(word, next);
            if (changed == null) {
                rest.add(word);
            } else {
                options = changed;
                i += word.equals("--overprovisioned") ? 0 : 1;
            }
        }
        return new Parsed(options, rest);
    }

    private HostOptions taken(String word, String value) {
        return switch (word) {
            case "--overprovisioned" -> withOverprovisioned(true);
            case "--shards" -> withShards((int) number(word, value));
            case "--mail" -> withMailCapacity((int) number(word, value));
            case "--spin-us" -> withSpinNs(number(word, value) * 1_000);
            case "--fibers" -> withFibers(switch (String.valueOf(value)) {
                case "auto" -> Fibers.AUTO;
                case "pooled" -> Fibers.POOLED;
                default -> throw new IllegalArgumentException("--fibers is auto or pooled, not " + value);
            });
            case "--devices" -> withDevices(Devices.named(word, value));
            case "--stall-ms" -> withStallNs(number(word, value) * 1_000_000);
            case "--shard-memory" -> withMemoryBytes(number(word, value) * MIB);
            case "--close-ms" -> withCloseNs(number(word, value) * 1_000_000);
            default -> null;
        };
    }

    private static long number(String option, String value) {
        if (value == null || !value.matches("[0-9]{1,9}")) {
            throw new IllegalArgumentException(option + " needs a number, not " + value);
        }
        return Long.parseLong(value);
    }
}
