package eu.mikelangelo.ioplane.offload;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.NetHeaderLayout;
import eu.mikelangelo.virtio.NetOffload;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;

/**
 * Cuts a long TCP segment, or a row of UDP datagrams, into frames that a network without offload takes: headers made
 * anew for each, checksums complete.
 *
 * <p>TCP (RFC 9293): sequence numbers go on; FIN and PSH are the last frame's, CWR is the first's (RFC 3168, section
 * 6.1.2). IPv4's identification counts up from the original's.
 *
 * <p>Threading: one thread. Nothing is allocated per frame.
 */
final class Segmenter {
    /** The longest headers that {@link Admission} lets pass: 96 bytes hold all up to TCP's flags, then its options. */
    private static final int HEADER_BYTES = 96 + 60;
    private static final int FIN_PSH = 9;
    private static final int CWR = 0x80;

    private final Region header = new Region(Arena.ofAuto().allocate(HEADER_BYTES, 8));
    private final FrameShape shape = new FrameShape();
    private Region memory;
    private long start;
    private int length;
    private int headers;
    private int size;
    private boolean udp;
    private int done;
    private int index;

    /**
     * Begins a frame.
     *
     * @param frame private memory, in which the frame begins at {@code at}; not to be changed until the last is taken
     * @param bytes of the frame
     * @param offload as {@link Admission} let it pass
     * @throws IllegalStateException when it did not
     */
    void begin(Region frame, long at, int bytes, NetOffload offload) {
        if (!shape.read(frame, at, bytes) || offload.headerBytes() > Math.min(bytes, HEADER_BYTES)
                || offload.headerBytes() <= shape.transport || offload.segmentBytes() <= 0) {
            throw new IllegalStateException("a frame that was not admitted is to be cut");
        }
        memory = frame;
        start = at;
        length = bytes;
        headers = offload.headerBytes();
        size = offload.segmentBytes();
        udp = offload.kind() == NetHeaderLayout.GSO_UDP_L4;
        done = 0;
        index = 0;
    }

    /** Leaves the next {@code frames} out. */
    void skip(int frames) {
        index += frames;
        done = (int) Math.min(length - headers, done + (long) frames * size);
    }

    /**
     * Makes a list of the next frame alone, valid until the next call.
     *
     * @return its length in bytes; 0 when there are no more
     */
    int next(ScatterList list) {
        int left = length - headers - done;
        if (left <= 0) {
            return 0;
        }
        int bytes = Math.min(size, left);
        Region.copy(memory, start, header, 0, headers);
        ip(bytes);
        long payload = Checksums.sum(memory, start + headers + done, bytes);
        if (udp) {
            udp(bytes, payload);
        } else {
            tcp(bytes, payload, bytes == left);
        }
        list.clear();
        list.add(header, 0, headers);
        list.add(memory, start + headers + done, bytes);
        done += bytes;
        index++;
        return headers + bytes;
    }

    private void ip(int bytes) {
        int at = shape.network;
        if (shape.version == 6) {
            header.big16(at + 4, headers - at - FrameShape.IPV6_HEADER + bytes);
            return;
        }
        header.big16(at + 2, headers - at + bytes);
        header.big16(at + 4, header.big16(at + 4) + index);
        header.u16(at + 10, 0);
        header.u16(at + 10, Checksums.fold(Checksums.sum(header, at, shape.transport - at)));
    }

    private void tcp(int bytes, long payload, boolean last) {
        int at = shape.transport;
        header.big32(at + 4, header.big32(at + 4) + done);
        int flags = header.u8(at + 13);
        flags &= last ? flags : ~FIN_PSH;
        flags &= index == 0 ? flags : ~CWR;
        header.u8(at + 13, flags);
        checksum(FrameShape.TCP, at + Admission.TCP_CHECKSUM, bytes, payload);
    }

    private void udp(int bytes, long payload) {
        int at = shape.transport;
        header.big16(at + 4, headers - at + bytes);
        checksum(FrameShape.UDP, at + Admission.UDP_CHECKSUM, bytes, payload);
    }

    private void checksum(int protocol, int place, int bytes, long payload) {
        int at = shape.transport;
        int addresses = shape.version == 4 ? 8 : 32;
        int from = shape.network + (shape.version == 4 ? 12 : 8);
        header.u16(place, 0);
        header.u16(place, Checksums.foldTransport(payload + Checksums.sum(header, at, headers - at)
                + Checksums.sum(header, from, addresses) + Checksums.pseudo(protocol, headers - at + bytes)));
    }
}
