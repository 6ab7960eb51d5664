package eu.mikelangelo.plane;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.vhost.frontend.FrontEnd;
import eu.mikelangelo.vhost.frontend.FrontEndRing;
import eu.mikelangelo.vhost.frontend.GuestRam;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.NetHeaderLayout;
import eu.mikelangelo.virtio.driver.Driver;
import eu.mikelangelo.virtio.driver.DriverLayout;
import java.nio.file.Path;
import java.util.List;

/**
 * QEMU and its guest, as far as a rehearsal needs them: listens for the plane, goes on with its rings when a killed
 * plane's successor connects, and sends one frame at a time. One thread.
 */
final class RehearsedGuest implements AutoCloseable {
    private static final long USER = 0x7f00_0000_0000L;
    private static final int BYTES = 1 << 20;
    private static final int SIZE = 64;
    private static final int BUFFER_BYTES = 2048;
    private static final int BUFFERS = BYTES / 2;
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final int TYPE_EXPERIMENTAL = 0x88b5;
    private static final long FEATURES = Features.VERSION_1 | Features.NET_MRG_RXBUF | Features.EVENT_IDX
            | Features.INDIRECT_DESC;

    private final GuestRam memory = new GuestRam(0, USER, BYTES);
    private final Region ram = new Region(memory.segment());
    private final FrontEnd front;
    private final Driver receiver;
    private final Driver transmitter;
    private boolean began;
    private int sent;

    RehearsedGuest(Path path) {
        GuestMemory view = new GuestMemory(List.of(memory.mapping()));
        DriverLayout receive = DriverLayout.at(0, SIZE, FEATURES, 0);
        receiver = Driver.of(view, receive);
        transmitter = Driver.of(view, DriverLayout.at(receive.end(), SIZE, FEATURES, 0));
        for (int i = 0; i < SIZE; i++) {
            receiver.post(buffer(i), BUFFER_BYTES, true);
        }
        receiver.publish();
        front = FrontEnd.listen(path.toString());
    }

    /** Receive buffers, then as many to send from. */
    private static long buffer(int index) {
        return BUFFERS + (long) BUFFER_BYTES * index;
    }

    /** Waits for the plane and starts both rings; all but the first are where the one before left them. */
    void begin() {
        if (began) {
            front.reconnect();
            return;
        }
        began = true;
        front.await();
        front.negotiate(FEATURES);
        front.memory(memory);
        front.start(RECEIVE, receiver.config());
        front.start(TRANSMIT, transmitter.config());
    }

    /** Sends a frame of no protocol, if the plane has taken one of those before, and takes what has arrived. */
    void send(long target, long source, int length) {
        exchangeBuffers();
        long at = buffer(SIZE + (sent++ & SIZE - 1));
        ram.big48(at + NetHeaderLayout.SIZE, target);
        ram.big48(at + NetHeaderLayout.SIZE + 6, source);
        ram.big16(at + NetHeaderLayout.SIZE + 12, TYPE_EXPERIMENTAL);
        transmitter.post(at, NetHeaderLayout.SIZE + length, false);
        transmitter.publish();
        kick(transmitter, TRANSMIT);
    }

    private void exchangeBuffers() {
        while (transmitter.poll() != Driver.NONE) {
            // Its buffer is used again in its turn.
        }
        for (int id = receiver.poll(); id != Driver.NONE; id = receiver.poll()) {
            receiver.post(buffer(id), BUFFER_BYTES, true);
        }
        receiver.publish();
        kick(receiver, RECEIVE);
    }

    private void kick(Driver driver, int index) {
        FrontEndRing ring = front.ring(index);
        if (driver.needsKick()) {
            ring.kick();
        }
    }

    @Override
    public void close() {
        front.close();
        memory.close();
    }
}
