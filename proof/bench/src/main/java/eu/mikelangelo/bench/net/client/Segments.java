package eu.mikelangelo.bench.net.client;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.NetHeaderLayout;
import eu.mikelangelo.virtio.driver.BufferList;

/**
 * TCP segments of 64 KiB that are still to be cut, as two Linux guests exchange them: sent in three pieces, received
 * in pages, a fixed number under way each way. All of it is checked: of every frame the header that says how to cut it,
 * its number, and words in every page that are of this number alone; of every 256th every word.
 *
 * <p>What is sent lies behind the header of virtio from byte 0 on; all numbers here count from that header's start.
 */
final class Segments extends Traffic {
    private static final int PAGE = 4096;
    private static final int UNDER_WAY = 14;
    /** Ethernet, IPv4, TCP with time stamps; then what makes the whole a multiple of eight. */
    private static final int HEADERS = NetHeaderLayout.SIZE + TcpSegment.HEADERS;
    private static final int PAYLOAD = 65_162;
    private static final int BYTES = HEADERS + PAYLOAD;
    private static final int PAGES = (BYTES + PAGE - 1) / PAGE;
    /** The payload's words: number, slot; the filling, and in each page from the second on, and at the end, a stamp. */
    private static final int NUMBER = HEADERS + 2;
    private static final int SLOT = NUMBER + 8;
    private static final int STAMP = 8;
    private static final int LAST = BYTES - 8;
    private static final int ALL_EVERY = 256;
    private static final int SECOND_PIECE = 32_768;
    private static final int SLOTS = 16;
    private static final Card.Shape SHAPE = new Card.Shape(Features.VERSION_1 | Features.NET_MRG_RXBUF
            | Features.INDIRECT_DESC | Features.NET_CSUM | Features.NET_HOST_TSO4 | Features.NET_GUEST_CSUM
            | Features.NET_GUEST_TSO4, SLOTS, PAGES * PAGE, 255, PAGE);

    private final BufferList pieces = new BufferList(3);
    /** The pages of the frame that is being received: where they are in the card's memory. */
    private final long[] parts = new long[PAGES];

    Segments(Card.Meeting meeting, String first, String second) {
        super(new Card(meeting, first, SHAPE, 3), new Card(meeting, second, SHAPE, 3));
        for (int from = 0; from < cards.length; from++) {
            for (int slot = 0; slot < SLOTS; slot++) {
                write(cards[from].memory(), Card.at(cards[from].slot(slot)), from, slot);
            }
        }
    }

    /** All but what differs from frame to frame. */
    private static void write(Region memory, long at, int from, int slot) {
        TcpSegment.writeOffload(memory, at);
        Ethernet.write(memory, at + NetHeaderLayout.SIZE, from, TcpSegment.IPV4);
        TcpSegment.write(memory, at + NetHeaderLayout.SIZE, from, PAYLOAD);
        for (int i = NUMBER; i < BYTES; i += Long.BYTES) {
            memory.u64(at + i, mix(slot, i));
        }
        memory.u64(at + SLOT, slot);
    }

    @Override
    void begin(long nowNs) {
        // Each run begins with nothing under way.
    }

    @Override
    void turn(long nowNs) {
        for (int from = 0; from < cards.length; from++) {
            while (underWay(from) < UNDER_WAY && send(from)) {
                // Until enough are under way.
            }
            cards[from].showSent();
            receive(1 - from, nowNs);
        }
    }

    private boolean send(int from) {
        Card card = cards[from];
        int slot = card.takeSlot();
        if (slot < 0) {
            return false;
        }
        long number = next(from);
        long address = card.slot(slot);
        long at = Card.at(address);
        Region memory = card.memory();
        memory.u64(at + NUMBER, number);
        for (int i = PAGE + STAMP; i < BYTES; i += PAGE) {
            memory.u64(at + i, mix(number, i));
        }
        memory.u64(at + LAST, mix(number, LAST));
        pieces.clear().readable(address, NUMBER).readable(address + NUMBER, SECOND_PIECE)
                .readable(address + NUMBER + SECOND_PIECE, BYTES - NUMBER - SECOND_PIECE);
        card.send(slot, pieces);
        return true;
    }

    @Override
    void receive(int to, long nowNs) {
        Card card = cards[to];
        for (int id = card.poll(); id >= 0; id = card.poll()) {
            gather(card, id);
            long number = u64(card, NUMBER);
            int from = 1 - to;
            TcpSegment.checkOffload(card.memory(), parts[0], number);
            long frame = parts[0] + NetHeaderLayout.SIZE;
            check(Ethernet.is(card.memory(), frame, from, TcpSegment.IPV4), "address", number);
            check(TcpSegment.is(card.memory(), frame, from, PAYLOAD), "TCP header", number);
            stamps(card, number);
            if (number % ALL_EVERY == 0) {
                filling(card, number);
            }
            arrived(from, number, nowNs);
            for (long part : parts) {
                card.post(Card.guest(part));
            }
        }
        card.showOffered();
    }

    /** All buffers of a frame are used at once, and all but the last are full (VIRTIO 1.3 section 5.1.6.4). */
    private void gather(Card card, int first) {
        parts[0] = Card.at(card.buffer(first));
        int count = card.memory().u16(parts[0] + NetHeaderLayout.BUFFERS);
        if (count != PAGES) {
            throw new IllegalStateException("a frame arrived in " + count + " buffers, not " + PAGES + ", of "
                    + card.length() + " bytes the first");
        }
        int bytes = card.length();
        for (int i = 1; i < PAGES; i++) {
            int id = card.poll();
            if (id < 0 || bytes != i * PAGE) {
                throw new IllegalStateException("a frame arrived in parts: " + bytes + " bytes in " + i + " buffers");
            }
            parts[i] = Card.at(card.buffer(id));
            bytes += card.length();
        }
        if (bytes != BYTES) {
            throw new IllegalStateException("a frame of " + bytes + " bytes arrived, not " + BYTES);
        }
    }

    private long u64(Card card, int offset) {
        return card.memory().u64(parts[offset / PAGE] + offset % PAGE);
    }

    private void stamps(Card card, long number) {
        for (int i = PAGE + STAMP; i < BYTES; i += PAGE) {
            check(u64(card, i) == mix(number, i), "content, that of another frame", number);
        }
        check(u64(card, LAST) == mix(number, LAST), "end", number);
    }

    private void filling(Card card, long number) {
        long slot = u64(card, SLOT);
        for (int i = SLOT + Long.BYTES; i < LAST; i += Long.BYTES) {
            if (i < PAGE || i % PAGE != STAMP) {
                check(u64(card, i) == mix(slot, i), "content", number);
            }
        }
    }

    @Override
    String measured(long frames, long ns) {
        return ClientMain.value("gigabits", frames * (double) (BYTES - NetHeaderLayout.SIZE) * Byte.SIZE / ns);
    }
}
