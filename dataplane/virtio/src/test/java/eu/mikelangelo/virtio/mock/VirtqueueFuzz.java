package eu.mikelangelo.virtio.mock;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.NetReceive;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.PackedRingLayout;
import eu.mikelangelo.virtio.QueueConfig;
import eu.mikelangelo.virtio.QueueFault;
import eu.mikelangelo.virtio.ScatterList;
import eu.mikelangelo.virtio.SplitQueue;
import eu.mikelangelo.virtio.SplitRingLayout;
import eu.mikelangelo.virtio.VirtQueue;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;

/**
 * A fuzz target for the device side of virtqueues. The input is a program for the mock driver of a network card: add
 * chains, publish, overwrite ring and descriptor fields with hostile values, and in between let the device run.
 * Whatever the program does, the device must not throw, must not touch a byte outside the guest's memory, must take a
 * receive buffer only for a frame it delivers, and must stay silent once a queue is broken.
 */
public final class VirtqueueFuzz {
    private static final int MAX_STEPS = 2000;
    private static final int SLOT = 2048;
    private static final long[] FEATURE_SETS = {
        0, Features.VERSION_1, Features.VERSION_1 | Features.NET_MRG_RXBUF,
        Features.VERSION_1 | Features.INDIRECT_DESC | Features.EVENT_IDX,
        Features.NET_OFFERED, Features.NET_OFFERED | Features.PACKED,
        Features.NET_OFFERED | Features.PACKED | Features.IN_ORDER, Features.VERSION_1 | Features.PACKED,
    };
    /** Values that are more often wrong in an interesting way than random ones. */
    private static final long[] ADDRESSES = {
        0, -1, -8, MockGuest.LOW_SIZE - 1, MockGuest.LOW_SIZE, MockGuest.FAR, MockGuest.FAR + MockGuest.FAR_SIZE - 1,
        MockGuest.FAR + MockGuest.FAR_SIZE, Long.MAX_VALUE, Long.MIN_VALUE,
    };
    private static final int[] LENGTHS = {0, 1, 11, 12, 13, 16, 26, 1526, 65_609, 65_610, 1 << 30, -1,
            Integer.MIN_VALUE};

    private final byte[] program;
    private int at;
    private final MockGuest guest = new MockGuest(2 << 20);
    private final int size;
    private final boolean packed;
    private final MockDriver receive;
    private final MockDriver transmit;
    private final NetReceive rx = new NetReceive(new SplitQueue());
    private final NetTransmit tx = new NetTransmit(new SplitQueue());
    private final Region flat = new Region(Arena.ofAuto().allocate(NetTransmit.MAX_FRAME, 8));
    private final ScatterList source = new ScatterList(1);
    private final ScatterList first = new ScatterList(1024);

    private VirtqueueFuzz(byte[] program) {
        this.program = program;
        long features = FEATURE_SETS[next() & 7];
        size = 1 << (next() & 7);
        packed = Features.has(features, Features.PACKED);
        receive = new MockDriver(guest, size, SLOT, features, start());
        transmit = new MockDriver(guest, size, SLOT, features, start());
        rx.attach(guest.memory(), receive.config());
        tx.attach(guest.memory(), transmit.config());
    }

    /** Runs one program. @throws AssertionError, or whatever the device threw, when it did what it must not */
    public static void fuzzerTestOneInput(byte[] input) {
        new VirtqueueFuzz(input).run();
    }

    /** Runs the program that a seed stands for: mostly honest, with few corruptions, so that it gets far. */
    public static void runSeed(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] program = new byte[8 + random.nextInt(600)];
        random.nextBytes(program);
        for (int i = 6; i < program.length; i++) {
            if (program[i] % 16 == 6 && random.nextInt(4) != 0) {
                program[i] = (byte) random.nextInt(6);
            }
        }
        try {
            fuzzerTestOneInput(program);
        } catch (LinkageError notBuilt) {
            throw notBuilt;
        } catch (RuntimeException | Error e) {
            throw new AssertionError("seed " + seed, e);
        }
    }

    private int next() {
        return at < program.length ? program[at++] & 0xff : 0;
    }

    private int start() {
        int start = next() << 8 | next();
        return packed ? PackedRingLayout.encode(start % (2 * size), size) * 0x10001 : start;
    }

    private int number() {
        return next() << 24 | next() << 16 | next() << 8 | next();
    }

    private void run() {
        for (int step = 0; step < MAX_STEPS && at < program.length; step++) {
            int operation = next() % 16;
            switch (operation) {
                case 0, 1 -> add(transmit, true);
                case 2, 3 -> add(receive, false);
                case 4 -> transmit.publish();
                case 5 -> receive.publish();
                case 6, 7 -> corrupt(next() % 2 == 0 ? transmit : receive);
                case 8, 9, 10 -> deviceTransmits();
                case 11, 12, 13 -> deviceReceives();
                case 14 -> suppression();
                default -> attachment();
            }
        }
        deviceTransmits();
        deviceReceives();
        guest.checkCanaries();
    }

    private void add(MockDriver driver, boolean readable) {
        int[] pieces = new int[1 + next() % 4];
        boolean indirect = next() % 3 == 0;
        for (int i = 0; i < pieces.length; i++) {
            pieces[i] = (next() << 3) % (indirect ? 400 : SLOT);
        }
        driver.add(readable ? pieces : new int[0], readable ? new int[0] : pieces, indirect);
    }

    private void corrupt(MockDriver driver) {
        int index = next() & size - 1;
        switch (next() % 8) {
            case 0, 1, 2 -> {
                long table = next() % 2 == 0 ? driver.tableAddress() : driver.slotAddress(index);
                long address = next() % 3 == 0 ? ADDRESSES[next() % ADDRESSES.length] : number() & 0x3fffff;
                int length = next() % 2 == 0 ? LENGTHS[next() % LENGTHS.length] : number() & 0xffff;
                driver.descriptor(table, index % 8, address, length, next() % 8 | kept(driver, index % 8),
                        next() % (2 * size));
            }
            case 3 -> driver.descriptor(driver.tableAddress(), index, driver.slotAddress(index),
                    SplitRingLayout.DESCRIPTOR_SIZE * (next() % 9),
                    SplitRingLayout.FLAG_INDIRECT | kept(driver, index), 0);
            case 4 -> poke(driver.availAddress() + SplitRingLayout.AVAIL_INDEX, number());
            case 5 -> poke(driver.availAddress() + SplitRingLayout.AVAIL_RING + 2L * index, number());
            case 6 -> poke(driver.availAddress() + 2L * (next() % (size + 3)), number());
            default -> poke(driver.usedAddress() + 2L * (next() % (4 * size + 3)), number());
        }
    }

    /** The bits that make a packed descriptor available, or not, as they are; sometimes the other way round. */
    private int kept(MockDriver driver, int index) {
        int bits = 0x8080;
        int flags = packed ? driver.driver().peek16(driver.tableAddress() + 16L * index + 14) & bits : 0;
        return packed && next() % 8 == 0 ? flags ^ bits : flags;
    }

    private void poke(long address, int value) {
        guest.region(address, 2).u16(guest.offset(address), value);
    }

    private void deviceTransmits() {
        int taken = 0;
        int before = tx.queue().nextAvail();
        boolean working = tx.queue().working();
        while (taken < 40) {
            int what = tx.peek();
            if (what == NetTransmit.EMPTY) {
                break;
            }
            if (what == NetTransmit.FRAME) {
                check(tx.length() >= NetTransmit.MIN_FRAME && tx.length() <= NetTransmit.MAX_FRAME, "length");
                tx.pieces().read(tx.start(), flat, 0, tx.length());
            }
            tx.done();
            taken++;
        }
        tx.queue().publish();
        check(working || taken == 0 && tx.queue().nextAvail() == before, "a broken queue moved");
    }

    private void deviceReceives() {
        boolean working = rx.queue().working();
        int before = rx.queue().nextAvail();
        for (int i = next() % 8; i >= 0; i--) {
            int length = Math.max(1, number() >>> 8 & 0xffff);
            length = next() % 3 == 0 ? length : length % 3000 + 1;
            source.clear();
            source.add(flat, 0, length);
            int available = rx.queue().available();
            int place = rx.queue().nextAvail();
            first.clear();
            boolean room = available == 0 || rx.queue().walk(0, null, first) < 0 || first.bytes() >= rx.headerSize();
            int result = rx.deliver(source, 0, length);
            int moved = rx.queue().nextAvail() - place & 0xffff;
            check(result == NetReceive.DELIVERED ? moved > 0 && (packed || moved <= available) : moved == 0,
                    "buffers taken");
            check(working || result == NetReceive.CLOSED, "a broken queue delivered");
            check(room || result != NetReceive.DELIVERED, "delivered into a buffer without room for the header");
        }
        rx.queue().publish();
        check(working || rx.queue().nextAvail() == before, "a broken queue moved");
    }

    private void suppression() {
        VirtQueue queue = next() % 2 == 0 ? tx.queue() : rx.queue();
        queue.armKicks();
        VirtQueue.fence();
        queue.news();
        queue.shouldCall();
        queue.suppressKicks();
    }

    /** Stops and starts a queue, sometimes with a configuration that must be refused. */
    private void attachment() {
        boolean transmits = next() % 2 == 0;
        QueueConfig good = (transmits ? transmit : receive).config();
        int place = transmits ? tx.detach() : rx.detach();
        check(packed || place >= 0 && place <= 0xffff, "place");
        QueueConfig config = switch (next() % 6) {
            case 0 -> new QueueConfig(number(), good.descriptorUser(), good.availUser(), good.usedUser(), 0,
                    good.features());
            case 1 -> new QueueConfig(size, good.descriptorUser() + next(), good.availUser(), good.usedUser(), 0,
                    good.features());
            case 2 -> new QueueConfig(size, good.descriptorUser(), ADDRESSES[next() % 10], good.usedUser() + next(),
                    0, 0);
            case 3 -> new QueueConfig(1 << next() % 13, good.descriptorUser(), good.availUser(), good.usedUser(),
                    number(),
                    good.features());
            default -> new QueueConfig(size, good.descriptorUser(), good.availUser(), good.usedUser(), place,
                    good.features());
        };
        QueueFault fault = transmits ? tx.attach(guest.memory(), config) : rx.attach(guest.memory(), config);
        check((fault == QueueFault.NONE) == (transmits ? tx.queue() : rx.queue()).working(), "state");
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("broken promise: " + what);
        }
    }
}
