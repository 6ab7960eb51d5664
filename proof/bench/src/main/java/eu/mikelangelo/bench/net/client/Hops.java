package eu.mikelangelo.bench.net.client;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.NetHeaderLayout;
import java.util.Arrays;

/**
 * Single frames of 64 bytes at a fixed rate, from both cards by turns, each with the time at which it was shown to the
 * switch: how long it takes from there until this process, which does nothing else, sees it at the other card.
 */
final class Hops extends Traffic {
    /** Of both ways together: far from what any of the switches can do. */
    private static final long INTERVAL_NS = 2_000;
    private static final int FRAME = 64;
    private static final int BYTES = NetHeaderLayout.SIZE + FRAME;
    /** Of the frame: number, time, and both mixed; filling behind that. */
    private static final int NUMBER = NetHeaderLayout.SIZE + 16;
    private static final int TIME = NUMBER + 8;
    private static final int MIXED = TIME + 8;
    private static final int FILLING = MIXED + 8;
    private static final int LOCAL_EXPERIMENT = 0x88b5;
    private static final int MOST_UNDER_WAY = 100;
    /** A sender that was kept from sending sends nothing after for what it missed. */
    private static final long MISSED_NS = 100_000;
    private static final int MOST_SAMPLES = 4_000_000;
    private static final Card.Shape SHAPE = new Card.Shape(Features.VERSION_1 | Features.NET_MRG_RXBUF, 128, 128, 255,
            2048);

    private final int[] samples = new int[MOST_SAMPLES];
    private int count;
    private long dueNs;
    private int turnOf;
    private long missed;

    Hops(Card.Meeting meeting, String first, String second) {
        super(new Card(meeting, first, SHAPE, 0), new Card(meeting, second, SHAPE, 0));
        for (int from = 0; from < cards.length; from++) {
            for (int slot = 0; slot < SHAPE.slots(); slot++) {
                write(cards[from], from, Card.at(cards[from].slot(slot)));
            }
        }
    }

    /** All but what differs from frame to frame. */
    private static void write(Card card, int from, long at) {
        Region memory = card.memory();
        memory.u64(at, 0);
        memory.u32(at + Long.BYTES, 0);
        Ethernet.write(memory, at + NetHeaderLayout.SIZE, from, LOCAL_EXPERIMENT);
        memory.u16(at + NetHeaderLayout.SIZE + Ethernet.SIZE, 0);
        for (int i = FILLING; i < BYTES; i += Integer.BYTES) {
            memory.u32(at + i, (int) mix(from, i));
        }
    }

    @Override
    void begin(long nowNs) {
        count = 0;
        missed = 0;
        dueNs = nowNs;
    }

    @Override
    void turn(long nowNs) {
        if (nowNs - dueNs > MISSED_NS) {
            missed += (nowNs - dueNs) / INTERVAL_NS;
            dueNs = nowNs;
        }
        if (nowNs - dueNs >= 0 && underWay(turnOf) < MOST_UNDER_WAY) {
            send(turnOf);
            turnOf ^= 1;
            dueNs += INTERVAL_NS;
        }
        receive(0, nowNs);
        receive(1, nowNs);
    }

    private void send(int from) {
        Card card = cards[from];
        int slot = card.takeSlot();
        if (slot < 0) {
            return;
        }
        long at = Card.at(card.slot(slot));
        Region memory = card.memory();
        long number = next(from);
        long now = System.nanoTime();
        memory.u64(at + NUMBER, number);
        memory.u64(at + TIME, now);
        memory.u64(at + MIXED, mix(number, now));
        card.send(slot, BYTES);
        card.showSent();
    }

    @Override
    void receive(int to, long nowNs) {
        Card card = cards[to];
        for (int id = card.poll(); id >= 0; id = card.poll()) {
            long now = System.nanoTime();
            long address = card.buffer(id);
            long at = Card.at(address);
            Region memory = card.memory();
            long number = memory.u64(at + NUMBER);
            long sentNs = memory.u64(at + TIME);
            check(card, at, 1 - to, number, sentNs);
            arrived(1 - to, number, now);
            if (count < MOST_SAMPLES) {
                samples[count++] = (int) Math.min(now - sentNs, Integer.MAX_VALUE);
            }
            card.post(address);
            card.showOffered();
        }
    }

    private static void check(Card card, long at, int from, long number, long sentNs) {
        Region memory = card.memory();
        check(card.length() == BYTES, "length: " + card.length(), number);
        check(NetHeaderLayout.plain(memory.u64(at)) && memory.u16(at + NetHeaderLayout.BUFFERS) == 1, "header", number);
        check(Ethernet.is(memory, at + NetHeaderLayout.SIZE, from, LOCAL_EXPERIMENT), "address", number);
        check(memory.u64(at + MIXED) == mix(number, sentNs), "time", number);
        for (int i = FILLING; i < BYTES; i += Integer.BYTES) {
            check(memory.u32(at + i) == (int) mix(from, i), "content", number);
        }
    }

    @Override
    String measured(long frames, long ns) {
        if (count == 0) {
            throw new IllegalStateException("no frame arrived in a window");
        }
        Arrays.sort(samples, 0, count);
        return ClientMain.value("p50", samples[count / 2] / 1e9)
                + ClientMain.value("p99", samples[(int) (count * 0.99)] / 1e9)
                + ClientMain.value("rate", frames * 1e9 / ns) + ClientMain.value("missed", missed);
    }
}
