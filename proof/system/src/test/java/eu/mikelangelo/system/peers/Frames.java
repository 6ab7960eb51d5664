package eu.mikelangelo.system.peers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Frames with random contents, and pcap files of them (the format of libpcap's savefiles, version 2.4). */
final class Frames {
    private static final int MAGIC_MICROSECONDS = 0xa1b2c3d4;
    private static final int FILE_HEADER_BYTES = 24;
    private static final int RECORD_HEADER_BYTES = 16;
    private static final int ETHERNET = 1;
    private static final int SNAP_BYTES = 65_535;
    /** IEEE 802: for experiments within one's own network. */
    private static final short LOCAL_EXPERIMENT = (short) 0x88b5;

    private Frames() { }

    /** @param sizes of the frames in turn, without checksum */
    static List<byte[]> random(long seed, String destination, String source, int count, int... sizes) {
        Random random = new Random(seed);
        List<byte[]> frames = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] frame = new byte[sizes[i % sizes.length]];
            random.nextBytes(frame);
            ByteBuffer.wrap(frame).put(mac(destination)).put(mac(source)).putShort(LOCAL_EXPERIMENT).putInt(i);
            frames.add(frame);
        }
        return frames;
    }

    private static byte[] mac(String text) {
        byte[] bytes = new byte[6];
        String[] parts = text.split(":");
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(parts[i], 16);
        }
        return bytes;
    }

    static void write(Path file, List<byte[]> frames) throws IOException {
        int bytes = FILE_HEADER_BYTES;
        for (byte[] frame : frames) {
            bytes += RECORD_HEADER_BYTES + frame.length;
        }
        ByteBuffer out = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(MAGIC_MICROSECONDS).putShort((short) 2).putShort((short) 4).putLong(0).putInt(SNAP_BYTES)
                .putInt(ETHERNET);
        for (byte[] frame : frames) {
            out.putLong(0).putInt(frame.length).putInt(frame.length).put(frame);
        }
        Files.write(file, out.array());
    }

    static List<byte[]> read(Path file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        in.position(Math.min(in.limit(), FILE_HEADER_BYTES));
        List<byte[]> frames = new ArrayList<>();
        while (in.remaining() >= RECORD_HEADER_BYTES) {
            in.getLong();
            byte[] frame = new byte[in.getInt()];
            in.getInt();
            in.get(frame);
            frames.add(frame);
        }
        return frames;
    }

    /** The same frames, byte for byte, in the same order. */
    static void same(List<byte[]> expected, List<byte[]> got, String what) {
        for (int i = 0; i < Math.min(expected.size(), got.size()); i++) {
            int number = i;
            assertArrayEquals(expected.get(i), got.get(i), () -> what + ", frame " + number);
        }
        assertEquals(expected.size(), got.size(), what);
    }
}
