package eu.mikelangelo.ioplane.offload;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.NetOffload;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Frames whose headers the switch changed before they are finished, and frames that go on from the middle. */
class FinisherTest {
    private final Random random = new Random(61);
    private final Region memory = new Region(Arena.ofAuto().allocate(NetTransmit.MAX_FRAME + 4, 8));
    private final NetOffload offload = new NetOffload();
    private final Finisher finisher = new Finisher();

    private byte[] packet(Packets.Kind kind, int bytes) {
        byte[] payload = new byte[bytes];
        random.nextBytes(payload);
        return Packets.partial(kind, 0x024d00000003L, 0x024d00000002L, payload, random.nextInt(256) & ~6, 5);
    }

    private ScatterList list(byte[] frame) {
        MemorySegment.copy(frame, 0, memory.segment(), ValueLayout.JAVA_BYTE, 0, frame.length);
        ScatterList list = new ScatterList(1);
        list.add(memory, 0, frame.length);
        return list;
    }

    private boolean admit(byte[] frame, byte[] header) {
        ByteBuffer in = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        list(frame);
        return offload.read(in.getLong(0), in.getShort(8), Features.NET_OFFERED, frame.length)
                && new Admission().admit(memory, Math.min(96, frame.length), frame.length, offload);
    }

    private List<byte[]> rest() {
        List<byte[]> frames = new ArrayList<>();
        Region copy = new Region(Arena.ofAuto().allocate(NetTransmit.MAX_FRAME + 4, 8));
        for (int bytes = finisher.next(); bytes > 0; bytes = finisher.next()) {
            finisher.list().read(0, copy, 0, bytes);
            frames.add(copy.segment().asSlice(0, bytes).toArray(ValueLayout.JAVA_BYTE));
        }
        return frames;
    }

    private static byte[] tagged(byte[] frame) {
        byte[] longer = new byte[frame.length + 4];
        System.arraycopy(frame, 0, longer, 0, 12);
        ByteBuffer.wrap(longer).putInt(12, 0x88a8_0009);
        System.arraycopy(frame, 12, longer, 16, frame.length - 12);
        return longer;
    }

    @Test
    void aTagThatWasPutOnSinceIsThereOnEachFrame() {
        for (int i = 0; i < 200; i++) {
            Packets.Kind kind = Packets.anyKind(random);
            Packets.Kind longer = new Packets.Kind(kind.version(), kind.udp(), kind.tags() + 1, kind.extra(),
                    kind.options());
            byte[] frame = packet(kind, 5000);
            int size = i % 2 == 0 ? 0 : 700;
            assertTrue(admit(frame, Packets.header(kind, size)));
            byte[] changed = tagged(frame);
            offload.shift(4);
            finisher.begin(list(changed), changed.length, offload);
            assertArrayEquals(Arrays.copyOfRange(frame, kind.headers(), frame.length),
                    Packets.joined(rest(), changed, longer, size == 0 ? 5000 : size), longer.toString());
        }
    }

    @Test
    void aTagThatWasTakenOffSinceIsOnNone() {
        Packets.Kind kind = new Packets.Kind(6, false, 0, 0, 12);
        Packets.Kind longer = new Packets.Kind(6, false, 1, 0, 12);
        byte[] frame = packet(kind, 5000);
        assertTrue(admit(tagged(frame), Packets.header(longer, 700)));
        offload.shift(-4);
        finisher.begin(list(frame), frame.length, offload);
        assertEquals(5000, Packets.joined(rest(), frame, kind, 700).length);
    }

    /** What is made behind those left out is what would have been made behind them. */
    @Test
    void leftOutFramesChangeNothing() {
        for (int i = 0; i < 50; i++) {
            Packets.Kind kind = Packets.anyKind(random);
            byte[] frame = packet(kind, 1 + random.nextInt(9000));
            int size = 8 + random.nextInt(1000);
            assertTrue(admit(frame, Packets.header(kind, size)));
            ScatterList list = list(frame);
            finisher.begin(list, frame.length, offload);
            List<byte[]> all = rest();
            for (int skip = 0; skip <= all.size() + 1; skip++) {
                finisher.begin(list, frame.length, offload);
                finisher.skip(skip);
                List<byte[]> rest = rest();
                assertEquals(Math.max(0, all.size() - skip), rest.size());
                for (int at = 0; at < rest.size(); at++) {
                    assertArrayEquals(all.get(skip + at), rest.get(at));
                }
            }
        }
    }

    /** A mistake of ours, not a guest's: it must not make frames out of nonsense. */
    @Test
    void whatWasNotAdmittedIsNotCut() {
        Packets.Kind kind = new Packets.Kind(4, false, 0, 0, 0);
        byte[] frame = packet(kind, 5000);
        assertTrue(admit(frame, Packets.header(kind, 700)));
        frame[12] = 9;
        ScatterList list = list(frame);
        assertThrows(IllegalStateException.class, () -> finisher.begin(list, frame.length, offload));
    }
}
