package eu.mikelangelo.virtio.mock;

import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.QueueFault;
import eu.mikelangelo.virtio.VirtQueue;
import eu.mikelangelo.virtio.driver.DriverLayout;

/**
 * What a device must find in a ring, written from the specification as plainly as possible and apart from the real
 * queues: with indices and wrap counters as section 2.8 has them, from memory as it is now. It serves one thread with
 * nobody else writing, so real queue and model see the same bytes.
 */
final class RingModel {
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;

    private final FuzzMemory memory;
    private final DriverLayout layout;
    private final int size;
    private final boolean packed;
    private final boolean mayRead;
    private final boolean mayWrite;
    private final int room;

    /** Split: free-running. Packed: place and wrap counter of the next chain that is not taken. */
    private int next;
    private int wrap;

    /** Packed: descriptors of chains listed and not taken, oldest first; of all not given back. */
    private final int[] listedCounts;
    private int listed;
    private int outstanding;

    /** What the last walk found. */
    QueueFault fault;
    int id;
    int count;
    long readBytes;
    long writeBytes;
    int readPieces;
    int writePieces;
    final long[] addresses;
    final int[] lengths;
    final boolean[] writes;
    private int data;
    private boolean writing;

    /** Used positions, for {@link #shouldCall}. */
    private int used;
    private int usedWrap;
    private int staged;
    private int usedSince;
    private boolean asked;

    /**
     * @param mayRead whether chains may have anything to read
     * @param mayWrite whether they may have anything to write
     * @param room pieces that either list has room for
     */
    RingModel(FuzzMemory memory, DriverLayout layout, int base, boolean mayRead, boolean mayWrite, int room) {
        this.memory = memory;
        this.layout = layout;
        this.mayRead = mayRead;
        this.mayWrite = mayWrite;
        this.room = room;
        size = layout.size();
        packed = layout.packed();
        listedCounts = new int[size + 1];
        addresses = new long[2 * room + 2];
        lengths = new int[2 * room + 2];
        writes = new boolean[2 * room + 2];
        next = packed ? base & 0x7fff : base & 0xffff;
        wrap = base >> 15 & 1;
        used = packed ? base >>> 16 & 0x7fff : memory.u16(layout.deviceArea() + 2);
        usedWrap = base >>> 31;
    }

    /** @return what available() must say; sets the fault that it must find */
    int available() {
        fault = QueueFault.NONE;
        if (!packed) {
            int chains = memory.u16(layout.driverArea() + 2) - next & 0xffff;
            fault = chains > size ? QueueFault.AVAILABLE_INDEX : fault;
            return chains > size ? 0 : chains;
        }
        int ahead = 0;
        for (int i = 0; i < listed; i++) {
            ahead += listedCounts[i];
        }
        return outstanding < size && isAvailable(ahead) ? listed + 1 : listed;
    }

    /** @return whether so many chains, which are listed, take the whole ring */
    boolean fills(int chains) {
        int sum = packed ? 0 : chains;
        for (int i = 0; packed && i < chains; i++) {
            sum += listedCounts[i];
        }
        return sum == size;
    }

    /** @return packed: whether the descriptor so many places behind the next chain's first is marked available */
    private boolean isAvailable(int ahead) {
        int counter = next + ahead < size ? wrap : wrap ^ 1;
        int flags = memory.u16(descriptor((next + ahead) % size) + 14);
        boolean availBit = (flags & 0x80) != 0;
        boolean usedBit = (flags & 0x8000) != 0;
        return availBit == (counter == 1) && usedBit == (counter == 0);
    }

    private long descriptor(int index) {
        return layout.descriptors() + 16L * index;
    }

    /** Finds what walk(ahead) must list; {@link #fault} is NONE when it must succeed. */
    void walk(int ahead) {
        fault = QueueFault.NONE;
        readBytes = 0;
        writeBytes = 0;
        readPieces = 0;
        writePieces = 0;
        data = 0;
        writing = false;
        if (packed) {
            walkPacked(ahead);
        } else {
            walkSplit(ahead);
        }
    }

    private void walkSplit(int ahead) {
        id = memory.u16(layout.driverArea() + 4 + 2L * ((next + ahead & 0xffff) % size));
        count = 1;
        if (id >= size) {
            fault = QueueFault.HEAD_INDEX;
            return;
        }
        long table = layout.descriptors();
        long entries = size;
        long index = id;
        boolean nested = false;
        while (fault == QueueFault.NONE) {
            if (data == size) {
                fault = QueueFault.CHAIN_TOO_LONG;
                return;
            }
            long address = memory.u64(table + 16 * index);
            long rest = memory.u64(table + 16 * index + 8);
            int flags = (int) (rest >>> 32) & 0xffff;
            if ((flags & INDIRECT) != 0) {
                if (nested) {
                    fault = QueueFault.INDIRECT_NESTED;
                    return;
                }
                checkTable(address, rest & 0xffffffffL, (flags & NEXT) != 0);
                nested = true;
                table = address;
                entries = (rest & 0xffffffffL) / 16;
                index = 0;
                continue;
            }
            add(address, rest & 0xffffffffL, (flags & WRITE) != 0);
            if (fault != QueueFault.NONE || (flags & NEXT) == 0) {
                return;
            }
            index = rest >>> 48;
            fault = index >= entries ? QueueFault.NEXT_INDEX : fault;
        }
    }

    private void walkPacked(int ahead) {
        int before = 0;
        for (int i = 0; i < ahead; i++) {
            before += listedCounts[i];
        }
        int heldBefore = outstanding;
        for (int i = ahead; i < listed; i++) {
            heldBefore -= listedCounts[i];
        }
        count = 0;
        int flags = NEXT;
        while ((flags & NEXT) != 0) {
            if (heldBefore + count >= size) {
                fault = QueueFault.CHAIN_TOO_LONG;
                return;
            }
            if (!isAvailable(before + count)) {
                fault = QueueFault.NOT_AVAILABLE;
                return;
            }
            long at = descriptor((next + before + count) % size);
            long address = memory.u64(at);
            long length = memory.u64(at + 8) & 0xffffffffL;
            id = memory.u16(at + 12);
            flags = memory.u16(at + 14);
            count++;
            if ((flags & INDIRECT) != 0) {
                walkTable(address, length, (flags & NEXT) != 0 || count > 1);
            } else {
                add(address, length, (flags & WRITE) != 0);
            }
            if (fault != QueueFault.NONE) {
                return;
            }
        }
        remember(ahead);
    }

    private void walkTable(long address, long length, boolean mixed) {
        checkTable(address, length, mixed);
        if (fault == QueueFault.NONE && length / 16 > size) {
            fault = QueueFault.CHAIN_TOO_LONG;
        }
        for (long i = 0; i < length / 16 && fault == QueueFault.NONE; i++) {
            long at = address + 16 * i;
            boolean write = mayWrite && (memory.u16(at + 14) & WRITE) != 0;
            add(memory.u64(at), memory.u64(at + 8) & 0xffffffffL, write);
        }
    }

    private void remember(int ahead) {
        if (ahead < listed) {
            fault = listedCounts[ahead] == count ? fault : QueueFault.CHANGED;
            return;
        }
        listedCounts[listed++] = count;
        outstanding += count;
    }

    private void checkTable(long address, long length, boolean mixed) {
        if (!Features.has(layout.features(), Features.INDIRECT_DESC)) {
            fault = QueueFault.INDIRECT_NOT_NEGOTIATED;
        } else if (mixed) {
            fault = QueueFault.INDIRECT_WITH_NEXT;
        } else if (length == 0 || length % 16 != 0 || length > 16L * VirtQueue.MAX_SIZE
                || !FuzzMemory.holds(address, length)) {
            fault = QueueFault.INDIRECT_TABLE;
        }
    }

    private void add(long address, long length, boolean write) {
        data++;
        if (writing && !write || (write ? !mayWrite : !mayRead)) {
            fault = QueueFault.DIRECTION;
            return;
        }
        writing = write;
        if (length > VirtQueue.MAX_DESCRIPTOR_BYTES) {
            fault = QueueFault.DESCRIPTOR_TOO_LONG;
            return;
        }
        if (FuzzMemory.region(address) < 0) {
            fault = QueueFault.UNMAPPED;
            return;
        }
        long at = address;
        for (long left = length; left > 0;) {
            if (FuzzMemory.region(at) < 0) {
                fault = QueueFault.UNMAPPED;
                return;
            }
            long now = Math.min(left, FuzzMemory.end(at) - at);
            piece(at, (int) now, write);
            if (fault != QueueFault.NONE) {
                return;
            }
            at += now;
            left -= now;
        }
    }

    private void piece(long address, int length, boolean write) {
        if ((write ? writePieces : readPieces) == room) {
            fault = QueueFault.CHAIN_TOO_LONG;
            return;
        }
        int index = readPieces + writePieces;
        addresses[index] = address;
        lengths[index] = length;
        writes[index] = write;
        readPieces += write ? 0 : 1;
        writePieces += write ? 1 : 0;
        readBytes += write ? 0 : length;
        writeBytes += write ? length : 0;
    }

    /** The first chain is taken; it was walked. */
    void take() {
        if (!packed) {
            next = next + 1 & 0xffff;
            return;
        }
        next += listedCounts[0];
        System.arraycopy(listedCounts, 1, listedCounts, 0, listed - 1);
        listed--;
        if (next >= size) {
            next -= size;
            wrap ^= 1;
        }
    }

    /** A chain of so many descriptors is completed. */
    void complete(int descriptors) {
        outstanding -= descriptors;
        staged += descriptors;
    }

    /** What is completed is shown. */
    void publish() {
        usedSince += staged;
        used += staged;
        staged = 0;
        if (!packed) {
            used &= 0xffff;
        } else if (used >= size) {
            used -= size;
            usedWrap ^= 1;
        }
    }

    /** @return whether the driver wants a call for what was given back since this was asked last */
    boolean shouldCall() {
        boolean first = !asked;
        int since = usedSince;
        asked = true;
        usedSince = 0;
        boolean events = Features.has(layout.features(), Features.EVENT_IDX);
        if (packed) {
            int flags = memory.u16(layout.driverArea() + 2) & 3;
            if (flags != 2 || !events) {
                return flags != 1;
            }
            int event = memory.u16(layout.driverArea());
            int place = event & 0x7fff;
            return first || needEvent(event >> 15 == usedWrap ? place : place - size, used, used - since);
        }
        if (!events) {
            return (memory.u16(layout.driverArea()) & 1) == 0;
        }
        return first || needEvent(memory.u16(layout.driverArea() + 4 + 2L * size), used, used - since);
    }

    /** @return whether {@link #shouldCall} can be told: an event that names no place of the ring means nothing */
    boolean callIsDefined() {
        return !packed || (memory.u16(layout.driverArea()) & 0x7fff) < size;
    }

    /** Section 2.7.7.2, word by word. */
    private static boolean needEvent(int event, int now, int old) {
        return (now - event - 1 & 0xffff) < (now - old & 0xffff);
    }

    /** @return where a successor must begin, when nothing is in flight */
    int base() {
        int position = next | wrap << 15;
        return packed ? position << 16 | position : next;
    }

    /** @return chains listed and not taken (packed) */
    int listed() {
        return listed;
    }
}
