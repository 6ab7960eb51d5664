package eu.mikelangelo.plane;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Reads captures as draft-ietf-opsawg-pcap describes them; shares no line with what writes them. */
final class PcapReader {
    record Frame(long timeNs, int length, byte[] bytes) {
    }

    private PcapReader() {
    }

    static List<Frame> records(byte[] records) {
        ByteBuffer in = ByteBuffer.wrap(records).order(ByteOrder.LITTLE_ENDIAN);
        List<Frame> frames = new ArrayList<>();
        while (in.hasRemaining()) {
            long seconds = Integer.toUnsignedLong(in.getInt());
            int nanos = in.getInt();
            assertEquals(true, nanos >= 0 && nanos < 1_000_000_000, nanos + " ns");
            byte[] bytes = new byte[in.getInt()];
            int length = in.getInt();
            in.get(bytes);
            frames.add(new Frame(seconds * 1_000_000_000 + nanos, length, bytes));
        }
        return frames;
    }
}
