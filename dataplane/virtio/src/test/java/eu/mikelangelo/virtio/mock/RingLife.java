package eu.mikelangelo.virtio.mock;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.Burst;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.QueueConfig;
import eu.mikelangelo.virtio.QueueFault;
import eu.mikelangelo.virtio.ScatterList;
import eu.mikelangelo.virtio.VirtQueue;
import eu.mikelangelo.virtio.driver.BufferList;
import eu.mikelangelo.virtio.driver.Driver;
import eu.mikelangelo.virtio.driver.DriverLayout;
import java.lang.foreign.Arena;

/**
 * A driver and a device on one ring, from attaching until the queue is broken, and what must hold at each step. While
 * the driver is {@link #honest} every buffer must come back exactly once, with what the device wrote, in order where
 * that is agreed, and nobody may sleep over work. Always: the device finds what {@link RingModel} finds.
 */
final class RingLife {
    static final int MAX_SIZE = 64;
    static final int SLOT = 512;
    static final int TABLE_ENTRIES = 8;
    static final long RINGS = 4096;
    /** The slots lie on both sides of the border of two regions. */
    static final long SLOTS = FuzzMemory.LOW_SIZE - MAX_SIZE * SLOT / 2;

    private static final Region SCRATCH = new Region(Arena.ofAuto().allocate(SLOT, 8));
    private static final ScatterList ANSWER = new ScatterList(1);

    final FuzzMemory memory;
    final DriverLayout layout;
    final Driver driver;
    final VirtQueue queue;
    private final boolean inOrder;
    private final int room;
    private final boolean mayRead;
    private final boolean mayWrite;
    private final Burst burst = new Burst();
    private RingModel model;
    private final ScatterList readable;
    private final ScatterList writable;
    private final BufferList pieces = new BufferList(2 * TABLE_ENTRIES);

    boolean honest = true;
    long operations;
    int walked;
    /** Used entries shown to the driver. */
    int served;
    int returned;

    /** By buffer id: its slot and bytes. */
    private final int[] slots = new int[MAX_SIZE];
    private final int[] reads = new int[MAX_SIZE];
    private final int[] writes = new int[MAX_SIZE];
    private final int[] freeSlots = new int[MAX_SIZE];
    private int free;

    /** Ids posted; of those shown to the device and not taken, oldest first. */
    private final int[] due = new int[MAX_SIZE];
    private int dueCount;
    private int dueShown;

    /** Chains that the device has taken. */
    private final int[] held = new int[MAX_SIZE];
    private final int[] heldWritten = new int[MAX_SIZE];
    private int heldCount;

    /** Ids and lengths that the driver must get, in this order; how many of them it can see. */
    private final int[] used = new int[MAX_SIZE];
    private final int[] usedWritten = new int[MAX_SIZE];
    private int usedCount;
    private int usedShown;
    private int staged;

    private boolean deviceSleeps;
    private boolean driverSleeps;

    /** @param kind bit 0: chains may have parts to read; bit 1: to write; both when neither */
    RingLife(FuzzMemory memory, int size, long features, int base, int kind, int room) {
        this.memory = memory;
        this.room = room;
        mayRead = kind != 2;
        mayWrite = kind != 1;
        memory.renew();
        layout = DriverLayout.at(RINGS, size, features, TABLE_ENTRIES);
        driver = Driver.of(memory.guest, layout, base);
        queue = VirtQueue.of(features);
        inOrder = Features.has(features, Features.IN_ORDER);
        readable = new ScatterList(room);
        writable = new ScatterList(room);
        for (int i = 0; i < MAX_SIZE; i++) {
            freeSlots[free++] = i;
        }
        // What a driver may do honestly needs room for each piece on two sides of a border.
        honest = room >= 2 * size;
        begin(driver.config());
    }

    private void begin(QueueConfig config) {
        operations++;
        equal(QueueFault.NONE, queue.attach(memory.guest, config), "attach");
        model = new RingModel(memory, layout, config.nextAvail(), mayRead, mayWrite, room);
        deviceSleeps = false;
    }

    static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("broken promise: " + what);
        }
    }

    private static void equal(Object expected, Object found, String what) {
        if (!expected.equals(found)) {
            throw new AssertionError("broken promise: " + what + ": " + found + " and not " + expected);
        }
    }

    boolean broken() {
        return queue.fault() != QueueFault.NONE;
    }

    /** Posts a buffer that keeps all rules, if there is room. @param shape numbers of pieces and whether indirect */
    void post(int shape, int lengths) {
        int most = Math.min(layout.size(), TABLE_ENTRIES);
        int reading = mayRead ? Math.min(shape & 3, most) : 0;
        int writing = mayWrite ? Math.min(shape >> 2 & 3, most - reading) : 0;
        if (reading + writing == 0) {
            reading = mayRead ? 1 : 0;
            writing = 1 - reading;
        }
        boolean indirect = Features.has(layout.features(), Features.INDIRECT_DESC) && (shape >> 4 & 3) == 0;
        if (free == 0) {
            return;
        }
        int slot = freeSlots[free - 1];
        long at = SLOTS + (long) SLOT * slot;
        pieces.clear();
        for (int i = 0; i < reading + writing; i++) {
            int length = lengths * (i + 7) % 83;
            if (i < reading) {
                pieces.readable(at, length);
            } else {
                pieces.writable(at, length);
            }
            at += length;
        }
        operations++;
        int id = reading + writing == 1 && !indirect ? driver.post(pieces.address(0), pieces.length(0), writing == 1)
                : driver.post(pieces, indirect);
        if (id == Driver.NONE) {
            check(driver.free() < reading + writing, "no room where there is some");
            return;
        }
        free--;
        slots[id] = slot;
        reads[id] = pieces.readableBytes();
        writes[id] = pieces.writableBytes();
        if (honest) {
            due[dueCount++] = id;
        }
    }

    /** Shows what was posted, and kicks if the device says so. */
    void show() {
        operations += 2;
        boolean any = driver.publish();
        boolean kick = driver.needsKick();
        if (honest) {
            equal(dueCount > dueShown, any, "publish");
            dueShown = dueCount;
            check(kick || !any || !deviceSleeps, "a sleeping device was not kicked");
        }
        deviceSleeps &= !any;
    }

    /** @return chains that the device sees; 0 when the queue is broken now */
    int look() {
        operations++;
        int expected = model.available();
        int found = queue.available();
        equal(model.fault, queue.fault(), "fault of available");
        equal(expected, found, "available");
        int known = layout.packed() ? model.listed() : found;
        equal(model.fills(known), queue.fills(known), "whether these are all that fit");
        if (honest) {
            check(layout.packed() ? found > model.listed() == dueShown > model.listed() : found == dueShown, "count");
        }
        return found;
    }

    /** Lists a chain. @return it, or -1 when the queue is broken now */
    int walk(int ahead) {
        operations++;
        walked++;
        readable.clear();
        writable.clear();
        model.walk(ahead);
        int chain = queue.walk(ahead, mayRead ? readable : null, mayWrite ? writable : null);
        equal(model.fault, queue.fault(), "fault of walk");
        if (model.fault != QueueFault.NONE) {
            equal(-1, chain, "walk of a broken queue");
            return -1;
        }
        equal(model.id, chain & 0xffff, "id");
        equal(model.readBytes, readable.bytes(), "bytes to read");
        equal(model.writeBytes, writable.bytes(), "bytes to write");
        equal(model.readPieces, readable.count(), "pieces to read");
        equal(model.writePieces, writable.count(), "pieces to write");
        comparePieces();
        if (honest) {
            equal(due[ahead], chain & 0xffff, "order of chains");
            equal((long) reads[due[ahead]], readable.bytes(), "bytes posted to read");
            equal((long) writes[due[ahead]], writable.bytes(), "bytes posted to write");
        }
        return chain;
    }

    /** Each piece begins and ends where the descriptor said. */
    private void comparePieces() {
        long read = 0;
        long write = 0;
        for (int i = 0; i < model.readPieces + model.writePieces; i++) {
            ScatterList list = model.writes[i] ? writable : readable;
            long at = model.writes[i] ? write : read;
            int length = model.lengths[i];
            list.read(at, SCRATCH, 0, 1);
            equal(memory.u8(model.addresses[i]), SCRATCH.u8(0), "first byte of a piece");
            list.read(at + length - 1, SCRATCH, 0, 1);
            equal(memory.u8(model.addresses[i] + length - 1), SCRATCH.u8(0), "last byte of a piece");
            write += model.writes[i] ? length : 0;
            read += model.writes[i] ? 0 : length;
        }
    }

    /** The device takes the next chain and writes into it. @param share of what it may write, in 255ths */
    void take(int share) {
        if (heldCount == MAX_SIZE || look() == 0) {
            return;
        }
        int chain = walk(0);
        if (chain < 0) {
            return;
        }
        int written = (int) Math.min(1 << 30, writable.bytes() * share / 255);
        ANSWER.clear();
        ANSWER.add(SCRATCH, 0, SLOT);
        int now = Math.min(written, SLOT);
        ScatterList.copy(ANSWER, 0, writable, written - now, now);
        operations++;
        queue.take(1);
        model.take();
        held[heldCount] = chain;
        heldWritten[heldCount++] = written;
        if (honest) {
            System.arraycopy(due, 1, due, 0, dueCount - 1);
            dueCount--;
            dueShown--;
        }
    }

    /** The device lists chains of one descriptor, and takes and completes some of them at once. */
    void burst(int most, int share) {
        if (look() == 0) {
            return;
        }
        boolean write = mayWrite && (!mayRead || (share & 1) != 0);
        operations++;
        int count = queue.list(burst, write, Math.min(most, Burst.MAX));
        equal(QueueFault.NONE, queue.fault(), "list");
        for (int i = 0; i < count; i++) {
            model.walk(i);
            equal(QueueFault.NONE, model.fault, "listed chain");
            check(model.readPieces + model.writePieces == 1 && model.writes[0] == write, "listed chain's pieces");
            equal(model.lengths[0], burst.length(i), "listed length");
            int region = memory.guest.find(model.addresses[0], 1);
            long host = memory.guest.region(region).segment().address();
            equal(host + model.addresses[0] - memory.guest.guestStart(region), burst.address(i), "listed address");
            walked++;
        }
        serve(inOrder && heldCount > 0 ? 0 : Math.min(share >> 1 & 15, count), write, share);
    }

    private void serve(int count, boolean write, int share) {
        for (int i = 0; i < count; i++) {
            int written = write ? (int) ((long) burst.length(i) * share / 255) : 0;
            burst.written(i, written);
            if (honest) {
                used[usedCount] = due[i];
                usedWritten[usedCount++] = written;
            }
        }
        operations += count;
        if (write) {
            queue.complete(burst, count);
        } else {
            queue.consume(burst, count);
        }
        for (int i = 0; i < count; i++) {
            model.take();
            model.complete(1);
        }
        staged += count;
        if (honest) {
            dueCount -= count;
            dueShown -= count;
            System.arraycopy(due, count, due, 0, dueCount);
        }
    }

    /** The device completes one of the chains that it has taken. */
    void complete(int which) {
        if (heldCount == 0 || broken()) {
            return;
        }
        int index = inOrder ? 0 : which % heldCount;
        int chain = held[index];
        operations++;
        queue.complete(chain, heldWritten[index]);
        model.complete(layout.packed() ? chain >>> 16 & 0x1fff : 1);
        staged++;
        if (honest) {
            used[usedCount] = chain & 0xffff;
            usedWritten[usedCount++] = heldWritten[index];
        }
        heldCount--;
        System.arraycopy(held, index + 1, held, index, heldCount - index);
        System.arraycopy(heldWritten, index + 1, heldWritten, index, heldCount - index);
    }

    /** The device shows what it completed, and calls if the driver says so. */
    void publish() {
        if (broken()) {
            return;
        }
        operations += 2;
        boolean any = queue.publish();
        equal(staged > 0, any, "publish of used chains");
        served += staged;
        staged = 0;
        usedShown = usedCount;
        model.publish();
        if (!any) {
            return;
        }
        VirtQueue.fence();
        boolean defined = model.callIsDefined();
        boolean expected = model.shouldCall();
        boolean call = queue.shouldCall();
        check(!defined || call == expected, "call");
        check(call || !honest || !driverSleeps, "a sleeping driver was not called");
        driverSleeps = false;
    }

    /** The driver takes one buffer back. @return false when there is none */
    boolean poll() {
        operations++;
        int id = driver.poll();
        if (honest) {
            equal(usedShown > 0 ? used[0] : Driver.NONE, id, "buffer that comes back");
        }
        if (id == Driver.NONE) {
            return false;
        }
        if (honest) {
            equal(usedWritten[0], driver.usedLength(), "bytes written");
            usedCount--;
            usedShown--;
            System.arraycopy(used, 1, used, 0, usedCount);
            System.arraycopy(usedWritten, 1, usedWritten, 0, usedCount);
        }
        if (id >= 0) {
            freeSlots[free++] = slots[id];
            returned++;
        }
        return true;
    }

    /** The device wants to sleep, perhaps while the driver adds something: it is kicked or sees it itself. */
    void deviceSleeps(boolean meanwhile, int shape) {
        int seen = look();
        if (broken()) {
            return;
        }
        operations += 3;
        queue.armKicks();
        deviceSleeps = !layout.packed() || seen == model.listed();
        boolean wasAsleep = deviceSleeps;
        int before = dueShown;
        if (meanwhile) {
            post(shape, shape + 11);
            show();
        }
        VirtQueue.fence();
        boolean news = queue.news();
        if (honest) {
            check(!wasAsleep || news == dueShown > before, "news");
        }
        deviceSleeps &= !news;
    }

    /** The driver wants to sleep. */
    void driverSleeps() {
        operations += 2;
        driver.armCalls();
        Driver.fence();
        boolean there = driver.hasUsed();
        check(!honest || there == usedShown > 0, "used");
        driverSleeps = !there;
    }

    void suppress() {
        operations += 2;
        queue.suppressKicks();
        driver.suppressCalls();
        deviceSleeps = false;
        driverSleeps = false;
    }

    /** A successor of the device goes on, perhaps after being asked to with a configuration that must be refused. */
    void reattach(QueueConfig bad, QueueFault refusal) {
        if (heldCount > 0 || staged > 0 || broken()) {
            return;
        }
        operations++;
        int base = queue.detach();
        equal(model.base(), base, "position");
        equal(0, queue.available(), "detached");
        if (bad != null) {
            operations++;
            equal(refusal, queue.attach(memory.guest, bad), "refusal");
            silent();
            queue.detach();
        }
        begin(layout.config(memory.guest, base));
    }

    /** A broken queue offers nothing, wants nothing and writes nothing. */
    void silent() {
        operations += 9;
        QueueFault fault = queue.fault();
        int before = memory.hash();
        equal(0, queue.available(), "broken");
        equal(-1, queue.walk(0, readable, writable), "broken");
        queue.complete(1 << 16, 1);
        queue.complete(1 << 16 | 1, 1);
        check(!queue.publish(), "a broken queue published");
        check(!queue.shouldCall(), "a broken queue called");
        check(!queue.news(), "a broken queue has news");
        queue.armKicks();
        queue.suppressKicks();
        equal(before, memory.hash(), "memory under a broken queue");
        equal(fault, queue.fault(), "the first reason");
    }

    /** Serves and takes back all there is; then an honest driver has everything back. */
    void drain() {
        boolean idle = false;
        for (int i = 0; i < 4 * MAX_SIZE && !idle && !broken(); i++) {
            show();
            int before = walked;
            take(i);
            idle = walked == before && heldCount == 0 && staged == 0;
            complete(i);
            publish();
            idle &= !poll();
        }
        if (honest && !broken()) {
            equal(0, driver.inFlight(), "buffers in flight");
            equal(layout.size(), driver.free(), "free descriptors");
        }
        if (broken()) {
            check(!honest, "an honest driver's queue broke: " + queue.fault().text());
            silent();
        }
        memory.checkCanaries();
    }
}
