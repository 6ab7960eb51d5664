package eu.mikelangelo.bench.net.client;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.vhost.BackEndConfig;
import eu.mikelangelo.vhost.frontend.FrontEnd;
import eu.mikelangelo.vhost.frontend.FrontEndRing;
import eu.mikelangelo.vhost.frontend.GuestRam;
import eu.mikelangelo.virtio.driver.BufferList;
import eu.mikelangelo.virtio.driver.Driver;
import eu.mikelangelo.virtio.driver.DriverLayout;
import java.util.List;

/**
 * A guest's network card at a switch's socket: memory of its own, one queue each way. Nothing is allocated after
 * construction. One thread owns it.
 */
final class Card implements AutoCloseable {
    /** QEMU's size of both queues, unless one says otherwise. */
    static final int QUEUE = 256;
    private static final int PAGE = 4096;
    /** Where the guest has its memory, and the front-end; any two numbers. */
    private static final long GUEST = 0x4000_0000L;
    private static final long USER = 0x7f00_0000_0000L;
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;

    /**
     * What a card has.
     *
     * @param features of virtio that it needs, all of them
     * @param slots frames that it can have sent at a time
     * @param slotBytes room of each
     * @param buffers for frames that it receives
     * @param bufferBytes of each
     */
    record Shape(long features, int slots, int slotBytes, int buffers, int bufferBytes) {}

    /** Who comes to whom. */
    interface Meeting {
        FrontEnd at(String socket);
    }

    private final FrontEnd front;
    private final GuestRam ram;
    private final Region region;
    private final Shape shape;
    private final Driver receiver;
    private final Driver transmitter;
    private final FrontEndRing receiveRing;
    private final FrontEndRing transmitRing;
    private final long slotsAt;
    /** By a receive buffer's id, where it is. */
    private final long[] bufferAt = new long[QUEUE];
    /** By a sent buffer's id, which slot it is; the slots that are free. */
    private final int[] slotOf = new int[QUEUE];
    private final int[] free;
    private int freeCount;

    /**
     * Connects and starts.
     *
     * @param tableEntries pieces that a frame is sent in; 0 for frames of one piece
     * @throws IllegalStateException when the switch offers less than is needed
     */
    Card(Meeting meeting, String socket, Shape shape, int tableEntries) {
        this.shape = shape;
        DriverLayout in = DriverLayout.at(GUEST, QUEUE, shape.features(), 0);
        DriverLayout out = DriverLayout.at(pages(in.end()), QUEUE, shape.features(), tableEntries);
        slotsAt = pages(out.end());
        long buffersAt = slotsAt + (long) shape.slots() * shape.slotBytes();
        ram = new GuestRam(GUEST, USER, pages(buffersAt + (long) shape.buffers() * shape.bufferBytes()) - GUEST);
        GuestMemory memory = new GuestMemory(List.of(ram.mapping()));
        region = memory.region(0);
        receiver = Driver.of(memory, in);
        transmitter = Driver.of(memory, out);
        receiver.suppressCalls();
        transmitter.suppressCalls();
        free = new int[shape.slots()];
        for (int i = 0; i < free.length; i++) {
            free[freeCount++] = i;
        }
        for (int i = 0; i < shape.buffers(); i++) {
            post(buffersAt + (long) i * shape.bufferBytes());
        }
        receiver.publish();
        // Nothing but acknowledgements: DPDK would else wait for a status or for memory in other ways.
        front = meeting.at(socket).protocol(BackEndConfig.REPLY_ACK);
        front.await();
        long agreed = front.negotiate(shape.features());
        if (agreed != shape.features()) {
            throw new IllegalStateException("the switch lacks the features 0x"
                    + Long.toHexString(shape.features() & ~agreed));
        }
        front.memory(ram);
        receiveRing = front.start(RECEIVE, in.config(memory, 0));
        transmitRing = front.start(TRANSMIT, out.config(memory, 0));
    }

    private static long pages(long address) {
        return (address + PAGE - 1) / PAGE * PAGE;
    }

    /** Its memory; {@link #at} says where in it. */
    Region memory() {
        return region;
    }

    /** Where in the memory a guest's address is. */
    static long at(long guest) {
        return guest - GUEST;
    }

    /** The other way round. */
    static long guest(long at) {
        return at + GUEST;
    }

    /** Guest address of a slot. */
    long slot(int slot) {
        return slotsAt + (long) slot * shape.slotBytes();
    }

    /** A slot to write a frame into, or -1. The one that was sent longest ago comes last. */
    int takeSlot() {
        if (freeCount == 0) {
            for (int id = transmitter.poll(); id >= 0; id = transmitter.poll()) {
                free[freeCount++] = slotOf[id];
            }
        }
        return freeCount == 0 ? -1 : free[--freeCount];
    }

    /** Sends a slot's frame, of one piece. */
    void send(int slot, int bytes) {
        posted(slot, transmitter.post(slot(slot), bytes, false));
    }

    /** Sends a slot's frame, of pieces in a table. */
    void send(int slot, BufferList pieces) {
        posted(slot, transmitter.post(pieces, true));
    }

    private void posted(int slot, int id) {
        slotOf[id] = slot;
    }

    /** Shows what was sent, and kicks if that is wanted. */
    void showSent() {
        if (transmitter.publish() && transmitter.needsKick()) {
            transmitRing.kick();
        }
    }

    /** The next buffer that was written, or a negative number. */
    int poll() {
        int id = receiver.poll();
        if (id == Driver.FOREIGN) {
            throw new IllegalStateException("the switch returned a buffer that it did not have");
        }
        return id;
    }

    /** Bytes in the buffer last polled. */
    int length() {
        return receiver.usedLength();
    }

    /** Guest address of a buffer that was polled. */
    long buffer(int id) {
        return bufferAt[id];
    }

    /** Offers a buffer again. @param address of {@link #buffer} */
    void post(long address) {
        bufferAt[receiver.post(address, shape.bufferBytes(), true)] = address;
    }

    /** Shows the buffers that were offered again, and kicks if that is wanted. */
    void showOffered() {
        if (receiver.publish() && receiver.needsKick()) {
            receiveRing.kick();
        }
    }

    @Override
    public void close() {
        front.close();
        ram.close();
    }
}
