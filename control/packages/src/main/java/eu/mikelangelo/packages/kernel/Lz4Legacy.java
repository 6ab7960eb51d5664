package eu.mikelangelo.packages.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The "legacy" LZ4 frame, which only the Linux kernel still uses (lz4_Frame_format.md): a magic number, then blocks of
 * at most 8 MiB, each with its packed size in front. Commons Compress reads the modern frame only.
 */
final class Lz4Legacy {
    static final int MAGIC = 0x184c2102;
    private static final int MIN_MATCH = 4;
    private final byte[] in;
    private final byte[] out;
    private int from;
    private int to;

    private Lz4Legacy(byte[] in, int from, int size) {
        this.in = in;
        this.from = from;
        this.out = new byte[size];
    }

    /** Unpacks exactly {@code size} bytes. */
    static byte[] unpack(byte[] in, int start, int length, int size) throws IOException {
        Lz4Legacy frame = new Lz4Legacy(in, start + 4, size);
        ByteBuffer sizes = ByteBuffer.wrap(in).order(ByteOrder.LITTLE_ENDIAN);
        int end = start + length;
        while (frame.from < end) {
            if (end - frame.from < 4) {
                throw bad();
            }
            int block = sizes.getInt(frame.from);
            frame.from += 4;
            if (block == MAGIC) {
                continue; // a further frame
            }
            if (block <= 0 || block > end - frame.from) {
                throw bad();
            }
            frame.block(frame.from + block);
        }
        if (frame.to != size) {
            throw new IOException("LZ4 data of " + frame.to + " bytes, expected " + size);
        }
        return frame.out;
    }

    /** lz4_Block_format.md: token, literals, offset, match; the last sequence has literals only. */
    private void block(int end) throws IOException {
        int blockStart = to;
        while (from < end) {
            int token = in[from++] & 0xff;
            int literals = length(token >>> 4, end);
            if (literals > end - from || literals > out.length - to) {
                throw bad();
            }
            System.arraycopy(in, from, out, to, literals);
            from += literals;
            to += literals;
            if (from == end) {
                return;
            }
            if (end - from < 2) {
                throw bad();
            }
            int offset = in[from] & 0xff | (in[from + 1] & 0xff) << 8;
            from += 2;
            int match = length(token & 15, end) + MIN_MATCH;
            if (offset == 0 || offset > to - blockStart || match > out.length - to) {
                throw bad();
            }
            copy(offset, match);
        }
        throw bad();
    }

    private int length(int nibble, int end) throws IOException {
        int length = nibble;
        if (nibble == 15) {
            int more;
            do {
                if (from == end || length > out.length) {
                    throw bad();
                }
                more = in[from++] & 0xff;
                length += more;
            } while (more == 255);
        }
        return length;
    }

    private void copy(int offset, int length) {
        if (offset >= length) {
            System.arraycopy(out, to - offset, out, to, length);
        } else if (offset == 1) {
            Arrays.fill(out, to, to + length, out[to - 1]);
        } else {
            for (int i = 0; i < length; i++) {
                out[to + i] = out[to - offset + i];
            }
        }
        to += length;
    }

    private static IOException bad() {
        return new IOException("damaged LZ4 data");
    }
}
