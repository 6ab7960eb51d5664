package eu.mikelangelo.plane.api;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The capture file format that tcpdump and tshark read (draft-ietf-opsawg-pcap), little-endian, time stamps in
 * nanoseconds, Ethernet: a file header, then records.
 */
public final class Pcap {
    /** Bytes of the file's header. */
    public static final int HEADER_BYTES = 24;
    /** Bytes before each frame. */
    public static final int RECORD_BYTES = 16;
    /** Where in a record the number of bytes is that follow it. */
    public static final int RECORD_CAPTURED = 8;
    /** The most that is kept of a frame: the longest whole. */
    public static final int MAX_SNAP = 65_597;

    private static final int MAGIC_NANOSECONDS = 0xa1b23c4d;
    private static final short MAJOR = 2;
    private static final short MINOR = 4;
    private static final int LINKTYPE_ETHERNET = 1;
    private static final long SECOND_NS = 1_000_000_000;

    private Pcap() {}

    /** The header of a file whose frames have at most {@code snap} bytes. */
    public static byte[] header(int snap) {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(MAGIC_NANOSECONDS).putShort(MAJOR).putShort(MINOR).putInt(0).putInt(0).putInt(snap)
                .putInt(LINKTYPE_ETHERNET);
        return header.array();
    }

    /**
     * Writes what comes before a frame.
     *
     * @param to in little-endian order
     * @param epochNs nanoseconds since 1970
     * @param captured bytes that follow
     * @param length bytes of the frame
     */
    public static void record(ByteBuffer to, long epochNs, int captured, int length) {
        to.putInt((int) (epochNs / SECOND_NS)).putInt((int) (epochNs % SECOND_NS)).putInt(captured).putInt(length);
    }
}
