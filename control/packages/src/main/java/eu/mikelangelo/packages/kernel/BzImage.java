package eu.mikelangelo.packages.kernel;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.SingleXZInputStream;

/**
 * The kernel inside a bzImage. A vmlinuz unpacks itself when it boots; an unpacked ELF kernel that QEMU enters directly
 * (PVH, XEN_ELFNOTE_PHYS32_ENTRY) spares a machine that work, under emulation a fifth of its boot. Offsets: the
 * kernel's Documentation/arch/x86/boot.rst.
 */
final class BzImage {
    private static final int SETUP_SECTORS = 0x1f1;
    private static final int MAGIC = 0x202;
    private static final int VERSION = 0x206;
    private static final int PAYLOAD_OFFSET = 0x248;
    private static final int PAYLOAD_LENGTH = 0x24c;
    private static final int KERNEL_BYTES_MAX = 256 << 20;
    private static final int PVH_NOTE = 18;

    private BzImage() { }

    /** The ELF kernel, or null when its compression is unknown to us or it cannot be entered directly. */
    static byte[] unpack(byte[] vmlinuz) throws IOException {
        ByteBuffer image = ByteBuffer.wrap(vmlinuz).order(ByteOrder.LITTLE_ENDIAN);
        if (vmlinuz.length < 1024 || image.getInt(MAGIC) != 0x53726448) { // "HdrS"
            throw new IOException("not a bzImage");
        }
        if (image.getShort(VERSION) < 0x0208) {
            return null; // no payload fields before protocol 2.08
        }
        int sectors = vmlinuz[SETUP_SECTORS] & 0xff;
        long start = ((sectors == 0 ? 4 : sectors) + 1) * 512L
                + Integer.toUnsignedLong(image.getInt(PAYLOAD_OFFSET));
        long length = Integer.toUnsignedLong(image.getInt(PAYLOAD_LENGTH));
        if (length < 8 || start + length > vmlinuz.length) {
            throw new IOException("a bzImage whose payload lies outside of it");
        }
        byte[] elf = unpack(vmlinuz, (int) start, (int) length);
        if (elf == null) {
            return null;
        }
        Elf kernel = new Elf(elf);
        // Relocations for KASLR follow the ELF file; nothing reads them when it is entered directly.
        return kernel.hasNote("Xen", PVH_NOTE) ? Arrays.copyOf(elf, kernel.end()) : null;
    }

    private static byte[] unpack(byte[] bytes, int start, int length) throws IOException {
        int magic = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(start);
        if (magic == Lz4Legacy.MAGIC) {
            // The build appends the unpacked size (4 bytes) to what has no size of its own.
            int size = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(start + length - 4);
            if (size <= 0 || size > KERNEL_BYTES_MAX) {
                throw new IOException("an unpacked kernel of " + size + " bytes");
            }
            return Lz4Legacy.unpack(bytes, start, length - 4, size);
        }
        InputStream packed = new ByteArrayInputStream(bytes, start, length);
        InputStream plain;
        if (magic == 0xfd2fb528) {
            plain = new ZstdInputStreamNoFinalizer(packed);
        } else if ((magic & 0xffff) == 0x8b1f) {
            plain = new GZIPInputStream(packed);
        } else if (magic == 0x587a37fd) {
            plain = new SingleXZInputStream(packed, 128 * 1024);
        } else {
            return null;
        }
        try (plain) {
            return readFrame(plain);
        }
    }

    /** The stream's content; what the build appended behind the frame may upset a reader that looks for another one. */
    private static byte[] readFrame(InputStream plain) throws IOException {
        byte[] elf = new byte[1 << 20];
        int size = 0;
        while (true) {
            int n;
            try {
                n = plain.read(elf, size, elf.length - size);
            } catch (IOException e) {
                if (size > 0 && new Elf(elf).end() <= size) {
                    n = -1;
                } else {
                    throw e;
                }
            }
            if (n < 0) {
                return Arrays.copyOf(elf, size);
            }
            size += n;
            if (size > KERNEL_BYTES_MAX) {
                throw new IOException("an unpacked kernel of more than " + KERNEL_BYTES_MAX + " bytes");
            }
            if (size == elf.length) {
                elf = Arrays.copyOf(elf, elf.length * 2);
            }
        }
    }
}
