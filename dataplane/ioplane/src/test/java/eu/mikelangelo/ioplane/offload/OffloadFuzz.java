package eu.mikelangelo.ioplane.offload;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.NetOffload;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Fuzz target: what a guest may leave to others. The input is a program: a packet of some kind with some payload, a
 * header that fits it, and bytes of both that are overwritten. What is admitted must be finished without an error: in
 * a bounded number of frames, none longer than asked for, nothing of the frame lost, and nothing changed that the
 * rules of the network judged.
 */
public final class OffloadFuzz {
    private static final int HEAD = 96;
    /** Ethernet's and IP's addresses, ports and types lie there at the latest. */
    private static final int PORTS = 4;
    private static final Region HEAD_COPY = new Region(Arena.ofAuto().allocate(HEAD, 8));
    private static final Region FRAME = new Region(Arena.ofAuto().allocate(NetTransmit.MAX_FRAME, 8));
    private static final Region MADE = new Region(Arena.ofAuto().allocate(NetTransmit.MAX_FRAME, 8));
    private static final Admission ADMISSION = new Admission();
    private static final Finisher FINISHER = new Finisher();

    private final byte[] program;
    private int at;

    private OffloadFuzz(byte[] program) {
        this.program = program;
    }

    /** Runs one program. @throws AssertionError, or what the code under test threw, when a promise is broken */
    public static void fuzzerTestOneInput(byte[] input) {
        admitted(input);
    }

    /** As the target. @return whether the request was admitted: one that is not tests only the door */
    static boolean admitted(byte[] input) {
        return new OffloadFuzz(input).run();
    }

    private int next() {
        return at < program.length ? program[at++] & 0xff : 0;
    }

    private int next16() {
        return next() << 8 | next();
    }

    private boolean run() {
        int version = next() % 2 == 0 ? 4 : 6;
        int extra = version == 4 ? 4 * (next() % 11) : 8 * (next() % 3);
        Packets.Kind kind = new Packets.Kind(version, next() % 3 == 0, next() % 3, next() % 2 * extra, 4 * (next() % 11));
        byte[] payload = new byte[next() % 4 == 0 ? next16() % 65_000 : next16() % 4000];
        byte[] frame = Packets.partial(kind, 0x024d00000003L, 0x024d00000002L, payload, next(), next16());
        byte[] header = Packets.header(kind, next() % 4 == 0 ? 0 : next() % 4 == 0 ? next() : next16());
        for (int i = next() % 8; i > 0; i--) {
            if (next() % 3 == 0) {
                header[next() % 10] = (byte) next();
            } else {
                // Where it hurts: among the headers.
                frame[next() % Math.min(frame.length, HEAD + 60)] = (byte) next();
            }
        }
        return judge(frame, header);
    }

    private static boolean judge(byte[] frame, byte[] header) {
        NetOffload offload = new NetOffload();
        long first = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            first |= (header[i] & 0xffL) << Byte.SIZE * i;
        }
        int offset = header[8] & 0xff | (header[9] & 0xff) << 8;
        if (!offload.read(first, offset, Features.NET_OFFERED, frame.length) || offload.plain()) {
            check(offload.plain(), "something is left of what was refused");
            return false;
        }
        int known = Math.min(frame.length, HEAD);
        MemorySegment.copy(frame, 0, HEAD_COPY.segment(), ValueLayout.JAVA_BYTE, 0, known);
        MemorySegment.copy(frame, 0, FRAME.segment(), ValueLayout.JAVA_BYTE, 0, frame.length);
        if (!ADMISSION.admit(HEAD_COPY, known, frame.length, offload)) {
            return false;
        }
        check(!offload.plain() && offload.checksumPlace() + 2 <= frame.length, "what is left");
        finish(frame, offload);
        return true;
    }

    private static void finish(byte[] frame, NetOffload offload) {
        ScatterList list = new ScatterList(1);
        list.add(FRAME, 0, frame.length);
        FINISHER.begin(list, frame.length, offload);
        int headers = offload.segmented() ? offload.headerBytes() : 0;
        int most = offload.segmented() ? headers + offload.segmentBytes() : frame.length;
        int frames = 0;
        int payload = 0;
        for (int bytes = FINISHER.next(); bytes > 0; bytes = FINISHER.next()) {
            check(bytes <= most && bytes > headers && FINISHER.list().bytes() == bytes, "length " + bytes);
            FINISHER.list().read(0, MADE, 0, bytes);
            frames++;
            payload += bytes - headers;
            unchanged(frame, bytes, offload);
        }
        check(payload == frame.length - headers, payload + " bytes");
        check(offload.segmented() ? frames >= 2 && frames <= Admission.MAX_SEGMENTS : frames == 1, frames + " frames");
    }

    /** All that is judged: Ethernet's header, tags, IP's addresses and protocol, and ports or types behind it. */
    private static void unchanged(byte[] frame, int bytes, NetOffload offload) {
        FrameShape shape = new FrameShape();
        check(shape.read(MADE, 0, bytes), "a frame that cannot be read");
        int judged = Math.min(bytes, shape.transport + (shape.version == 0 ? 0 : PORTS));
        for (int i = 0; i < judged; i++) {
            boolean remade = offload.segmented() && i >= shape.network && i < shape.transport && number(shape, i);
            // ICMP's checksum is within its first four bytes.
            boolean place = i == offload.checksumPlace() || i == offload.checksumPlace() + 1;
            check(remade || place && i >= shape.transport + 2 || MADE.u8(i) == (frame[i] & 0xff), "byte " + i);
        }
    }

    /** Lengths, IPv4's identification and its checksum are made anew for each segment. */
    private static boolean number(FrameShape shape, int at) {
        int field = at - shape.network;
        return shape.version == 6 ? field == 4 || field == 5
                : field >= 2 && field <= 5 || field == 10 || field == 11;
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("broken promise: " + what);
        }
    }
}
