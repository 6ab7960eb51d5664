package eu.mikelangelo.virtio.mock;

import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.PackedRingLayout;
import eu.mikelangelo.virtio.QueueConfig;
import eu.mikelangelo.virtio.QueueFault;
import eu.mikelangelo.virtio.VirtQueue;
import eu.mikelangelo.virtio.driver.PackedDriver;
import eu.mikelangelo.virtio.driver.SplitDriver;
import java.util.SplittableRandom;

/**
 * A fuzz target for the rings, of either format. The input is a program for a driver and a device: honest steps first,
 * then, if the program wants, lies: descriptors rewritten between any two steps, ids repeated, wrap bits flipped,
 * indices jumped, anything written into rings and tables. {@link RingLife} says what must hold.
 *
 * <p>With {@code RING_SUMMARY=1} in the environment it prints at the end what was done ({@code ./do fuzz ring}).
 * {@link RingRun} runs seeded programs, many times faster, without looking for coverage.
 */
public final class RingFuzz {
    private static final int MAX_STEPS = 4000;
    private static final FuzzMemory MEMORY = new FuzzMemory();

    /** Values that are more often wrong in an interesting way than random ones. */
    private static final long[] ADDRESSES = {
        0, -1, -8, FuzzMemory.LOW_SIZE - 1, FuzzMemory.LOW_SIZE - 16, FuzzMemory.LOW_SIZE,
        FuzzMemory.LOW_SIZE + FuzzMemory.HIGH_SIZE - 1, FuzzMemory.LOW_SIZE + FuzzMemory.HIGH_SIZE, FuzzMemory.FAR - 1,
        FuzzMemory.FAR, FuzzMemory.FAR + FuzzMemory.FAR_SIZE - 1, FuzzMemory.FAR + FuzzMemory.FAR_SIZE,
        Long.MAX_VALUE, Long.MIN_VALUE, RingLife.RINGS, RingLife.SLOTS,
    };
    private static final int[] LENGTHS = {0, 1, 15, 16, 17, 32, 64, 128, 160, 512, 4096, 16 * 65, 1 << 16,
        16 * VirtQueue.MAX_SIZE, 16 * (VirtQueue.MAX_SIZE + 1), 1 << 30, (1 << 30) + 1, -1, Integer.MIN_VALUE};

    private static final long[] REGION_ENDS = {FuzzMemory.LOW_SIZE, FuzzMemory.LOW_SIZE + FuzzMemory.HIGH_SIZE,
        FuzzMemory.FAR + FuzzMemory.FAR_SIZE};

    /** What was done since the class was loaded. */
    static final RingTally TALLY = new RingTally();

    static {
        if (System.getenv("RING_SUMMARY") != null) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.err.println(TALLY.summary())));
        }
    }

    private final byte[] program;
    private int at;
    private RingLife life;
    private boolean mayLie;
    private long walked;
    private long served;

    private RingFuzz(byte[] program) {
        this.program = program;
    }

    /** Runs one program. @throws AssertionError, or whatever the device threw, when it did what it must not */
    public static void fuzzerTestOneInput(byte[] input) {
        new RingFuzz(input).run();
    }

    /** Runs the program that a seed stands for. */
    public static void runSeed(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] bytes = new byte[8 + random.nextInt(1500)];
        random.nextBytes(bytes);
        try {
            fuzzerTestOneInput(bytes);
        } catch (LinkageError notBuilt) {
            throw notBuilt;
        } catch (RuntimeException | Error e) {
            throw new AssertionError("seed " + seed, e);
        }
    }

    private int next() {
        return at < program.length ? program[at++] & 0xff : 0;
    }

    private int number() {
        return next() << 24 | next() << 16 | next() << 8 | next();
    }

    private void run() {
        long lies = TALLY.lies;
        begin();
        for (int step = 0; step < MAX_STEPS && at < program.length; step++) {
            step(next());
            if (life.broken()) {
                end();
                begin();
            }
        }
        end();
        TALLY.programs++;
        TALLY.reached += walked > 0 ? 1 : 0;
        TALLY.served += served > 0 ? 1 : 0;
        TALLY.honest += TALLY.lies == lies ? 1 : 0;
    }

    private void begin() {
        int bits = next();
        boolean packed = (bits & 1) != 0;
        long features = Features.VERSION_1 | (packed ? Features.PACKED : 0)
                | ((bits & 2) != 0 ? Features.EVENT_IDX : 0) | ((bits & 4) != 0 ? Features.IN_ORDER : 0)
                | ((bits & 24) != 0 ? Features.INDIRECT_DESC : 0);
        mayLie = (bits & 32) != 0;
        int number = next();
        int size = packed ? 1 + (number < 128 ? number % 8 : number % RingLife.MAX_SIZE) : 1 << number % 7;
        int start = next() << 8 | next();
        int base = packed ? PackedRingLayout.encode(start % (2 * size), size) * 0x10001 : start;
        int kind = next();
        int room = kind % 16 == 15 ? 1 + kind / 16 : 2 * size + 2;
        life = new RingLife(MEMORY, size, features, base, kind % 4 % 3, room);
    }

    private void end() {
        life.drain();
        walked += life.walked;
        served += life.served;
        TALLY.add(life);
    }

    private void step(int operation) {
        switch (operation & 31) {
            case 0, 1, 2, 3, 4, 5 -> life.post(operation >> 5 | (next() & 31) << 1, next());
            case 6, 7, 8 -> life.show();
            case 9, 10 -> walkAhead();
            case 11, 12, 13, 14 -> life.take(next());
            case 15, 16 -> life.burst(next(), next());
            case 17, 18, 19, 20 -> life.complete(next());
            case 21, 22 -> life.publish();
            case 23, 24, 25 -> {
                for (int i = operation >> 5; i >= 0 && life.poll(); i--) {
                    // As many as there are.
                }
            }
            case 26 -> life.deviceSleeps(operation >= 128, next());
            case 27 -> life.driverSleeps();
            case 28 -> life.suppress();
            case 29 -> reattach();
            default -> {
                if (mayLie) {
                    life.honest = false;
                    TALLY.lies++;
                    lie(next());
                } else {
                    life.post(operation, next());
                }
            }
        }
    }

    private void walkAhead() {
        int chains = life.look();
        if (chains > 0) {
            life.walk(next() % chains);
        }
    }

    private void reattach() {
        QueueConfig good = life.layout.config(MEMORY.guest, life.queue.nextAvail());
        long table = good.descriptorUser();
        long driver = good.availUser();
        long device = good.usedUser();
        int size = good.size();
        switch (next() % 8) {
            case 0 -> life.reattach(config(good, next() % 2 == 0 ? 0 : VirtQueue.MAX_SIZE + 1 + next(), table, driver,
                    device, good.nextAvail()), QueueFault.BAD_SIZE);
            case 1 -> badBase(good);
            case 2 -> life.reattach(config(good, size, table + 8, driver, device, good.nextAvail()),
                    QueueFault.BAD_RING_ADDRESS);
            case 3 -> life.reattach(config(good, size, table, driver + 1, device, good.nextAvail()),
                    QueueFault.BAD_RING_ADDRESS);
            case 4 -> life.reattach(config(good, size, table, driver, ADDRESSES[next() % 14], good.nextAvail()),
                    QueueFault.BAD_RING_ADDRESS);
            case 5 -> life.reattach(new QueueConfig(size, table, driver, device, good.nextAvail(),
                    good.features() ^ Features.PACKED), QueueFault.WRONG_FORMAT);
            default -> life.reattach(null, QueueFault.NONE);
        }
    }

    /** Positions that a packed ring does not have, or that cannot be together; a size that a split one cannot have. */
    private void badBase(QueueConfig good) {
        int size = good.size();
        if (!good.packed()) {
            life.reattach(config(good, 3, good.descriptorUser(), good.availUser(), good.usedUser(), 0),
                    QueueFault.BAD_SIZE);
            return;
        }
        int one = next() % (2 * size);
        int behind = size + 1 + next() % size;
        int other = (one + 2 * size - behind % (2 * size)) % (2 * size);
        int avail = PackedRingLayout.encode(one, size);
        int used = PackedRingLayout.encode(other, size);
        int base = switch (next() % 3) {
            case 0 -> used << 16 | avail & 0x8000 | size + next();
            case 1 -> (used & 0x8000 | size + next()) << 16 | avail;
            // A zero there is taken for no position; one that is behind by two rings is not behind.
            default -> used == 0 || behind == 2 * size ? size : used << 16 | avail;
        };
        life.reattach(config(good, size, good.descriptorUser(), good.availUser(), good.usedUser(), base),
                QueueFault.BAD_BASE);
    }

    private static QueueConfig config(QueueConfig of, int size, long table, long driver, long device, int base) {
        return new QueueConfig(size, table, driver, device, base, of.features());
    }

    private long address() {
        int kind = next();
        return switch (kind % 4) {
            case 0 -> ADDRESSES[(kind >> 2) % ADDRESSES.length];
            case 1 -> number() & 0x1ffffL;
            case 2 -> life.layout.table((kind >> 2) % life.layout.size());
            default -> RingLife.SLOTS + (kind >> 2) * (long) RingLife.SLOT;
        };
    }

    private int length() {
        int kind = next();
        return kind < 128 ? LENGTHS[kind % LENGTHS.length] : kind % 8 * 16;
    }

    /** Mostly the flags that a descriptor may have. */
    private int flags() {
        int kind = next();
        return kind < 224 ? kind & 7 : number();
    }

    private void lie(int kind) {
        int size = life.layout.size();
        switch (kind % 14) {
            case 0, 1, 2 -> descriptor(size);
            case 3, 4, 5 -> chain(size);
            case 6 -> life.driver.poke16(life.layout.descriptors() + 2L * (next() % (8 * size)), number());
            case 7 -> life.driver.poke16(life.layout.driverArea() + (size == 1 ? 2 : next() % 2 * 2), number());
            case 8 -> life.driver.poke16(life.layout.deviceArea() + next() % 2 * 2, number());
            case 9 -> jump(size);
            case 10 -> flip(size);
            case 12, 13 -> edge(size);
            default -> table(size);
        }
    }

    /** Rewrites a descriptor where it is, its availability kept. */
    private void descriptor(int size) {
        int index = next() % size;
        int flags = flags();
        if (life.layout.packed()) {
            flags = flags & 0x7f7f | life.driver.peek16(life.layout.descriptors() + 16L * index + 14) & 0x8080;
        }
        life.driver.rawDescriptor(life.layout.descriptors(), index, address(), length(), flags, next() % (size + 2));
    }

    /** Makes something available that is no buffer, or an id once more. */
    private void chain(int size) {
        int count = 1 + next() % 4;
        if (life.driver instanceof PackedDriver packed) {
            for (int i = 0; i < count; i++) {
                int flags = flags() | (i < count - 1 ? PackedRingLayout.FLAG_NEXT : 0);
                packed.raw(i, address(), length(), flags & 0x7f7f, next() % (size + 1));
            }
            packed.skip(count % size);
            packed.show();
        } else if (life.driver instanceof SplitDriver split) {
            int head = next() % (size + 1);
            for (int i = 0; i < count; i++) {
                split.rawDescriptor(life.layout.descriptors(), (head + i) % size, address(), length(),
                        flags() | (i < count - 1 ? 1 : 0), next() % 8 == 0 ? next() : (head + i + 1) % size);
            }
            split.offer(head);
            split.show();
        }
    }

    /** Makes a single buffer available that ends about the end of a region. */
    private void edge(int size) {
        int length = 1 + next() % 20;
        long address = REGION_ENDS[next() % REGION_ENDS.length] - length + next() % 3;
        int flags = next() % 2 * PackedRingLayout.FLAG_WRITE;
        if (life.driver instanceof PackedDriver packed) {
            packed.raw(0, address, length, flags, next() % size);
            packed.skip(1 % size);
            packed.show();
        } else if (life.driver instanceof SplitDriver split) {
            int head = next() % size;
            split.rawDescriptor(life.layout.descriptors(), head, address, length, flags, 0);
            split.offer(head);
            split.show();
        }
    }

    private void jump(int size) {
        int by = next() % 4 == 0 ? number() : next() % (2 * size + 2);
        if (life.driver instanceof PackedDriver packed) {
            packed.skip(Math.floorMod(by, 2 * size));
        } else if (life.driver instanceof SplitDriver split) {
            split.jump(by);
            split.show();
        }
    }

    /** Changes the AVAIL and USED bits of a descriptor. */
    private void flip(int size) {
        long at = life.layout.descriptors() + 16L * (next() % size) + 14;
        life.driver.poke16(at, life.driver.peek16(at) ^ (next() & 1) << 7 ^ (next() & 1) << 15);
    }

    /** Fills an indirect table with anything, and points a descriptor at it. */
    private void table(int size) {
        int index = next() % size;
        long table = life.layout.table(index);
        for (int i = next() % 4; i >= 0; i--) {
            life.driver.rawDescriptor(table, i, address(), length(), flags(), next() % 6);
        }
        int flags = PackedRingLayout.FLAG_INDIRECT;
        if (life.layout.packed()) {
            flags |= life.driver.peek16(life.layout.descriptors() + 16L * index + 14) & 0x8080;
        }
        life.driver.rawDescriptor(life.layout.descriptors(), index, table, 16 * (1 + next() % 4), flags, index);
    }
}
