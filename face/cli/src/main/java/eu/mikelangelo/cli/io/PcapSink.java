package eu.mikelangelo.cli.io;

import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/**
 * Hands a capture on in whole records: whoever reads the file while it grows never finds half of one. Counts the
 * frames. One thread.
 */
final class PcapSink extends OutputStream {
    /** Of the formats' file header and record header, as draft-ietf-opsawg-pcap has them. */
    private static final int FILE_HEADER = 24;
    private static final int RECORD_HEADER = 16;
    private static final int RECORD_CAPTURED = 8;
    /** No record is longer. */
    private static final int MAX_CAPTURED = 1 << 20;

    private final OutputStream to;
    private byte[] held = new byte[1 << 16];
    private int count;
    private boolean begun;
    private long frames;
    private long bytes;

    PcapSink(OutputStream to) {
        this.to = to;
    }

    /** Whole frames handed on. */
    long frames() {
        return frames;
    }

    /** Bytes handed on. */
    long bytes() {
        return bytes;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
        if (held.length - count < length) {
            held = Arrays.copyOf(held, Math.max(2 * held.length, count + length));
        }
        System.arraycopy(from, offset, held, count, length);
        count += length;
        int whole = whole();
        if (whole > 0) {
            to.write(held, 0, whole);
            to.flush();
            bytes += whole;
            System.arraycopy(held, whole, held, 0, count - whole);
            count -= whole;
        }
    }

    /** How many of the bytes held are whole records, the file's header among them. */
    private int whole() {
        int at = 0;
        if (!begun) {
            if (count < FILE_HEADER) {
                return 0;
            }
            begun = true;
            at = FILE_HEADER;
        }
        while (count - at >= RECORD_HEADER) {
            int captured = little(at + RECORD_CAPTURED);
            if (captured < 0 || captured > MAX_CAPTURED) {
                throw new Failure(Failure.Kind.UNAVAILABLE, "the agent's answer is no capture", "see run/agent.log");
            }
            if (count - at - RECORD_HEADER < captured) {
                break;
            }
            at += RECORD_HEADER + captured;
            frames++;
        }
        return at;
    }

    private int little(int at) {
        return held[at] & 0xff | (held[at + 1] & 0xff) << 8 | (held[at + 2] & 0xff) << 16 | held[at + 3] << 24;
    }

    @Override
    public void close() throws IOException {
        to.close();
    }
}
