package eu.mikelangelo.packages.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * What we read of a 64-bit little-endian ELF file in memory: a section by name, a note by owner and type. Every offset
 * is checked; a file that does not hold together is an IOException.
 */
final class Elf {
    private static final int HEADER_BYTES = 64;
    private static final int SECTION_BYTES = 64;
    private static final int SEGMENT_BYTES = 56;
    private static final int SEGMENT_NOTE = 4;
    private final ByteBuffer file;

    Elf(byte[] bytes) throws IOException {
        file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        // e_ident: magic, ELFCLASS64, ELFDATA2LSB
        if (bytes.length < HEADER_BYTES || file.getInt(0) != 0x464c457f || bytes[4] != 2 || bytes[5] != 1) {
            throw new IOException("not a 64-bit little-endian ELF file");
        }
    }

    /** The bytes of the first section of this name, or null when there is none. */
    byte[] section(String name) throws IOException {
        long table = file.getLong(40);
        int count = u16(60);
        int names = u16(62);
        if (u16(58) != SECTION_BYTES || names >= count) {
            throw new IOException("an ELF file without a section table");
        }
        int strings = check(table + (long) names * SECTION_BYTES, SECTION_BYTES);
        long stringsAt = file.getLong(strings + 24);
        long stringsSize = file.getLong(strings + 32);
        check(stringsAt, stringsSize);
        for (int i = 0; i < count; i++) {
            int section = check(table + (long) i * SECTION_BYTES, SECTION_BYTES);
            long nameAt = Integer.toUnsignedLong(file.getInt(section));
            if (nameAt + name.length() < stringsSize && isText((int) (stringsAt + nameAt), name)) {
                long size = file.getLong(section + 32);
                byte[] bytes = new byte[(int) checkedSize(size)];
                file.get(check(file.getLong(section + 24), size), bytes);
                return bytes;
            }
        }
        return null;
    }

    /** Whether a note segment has a note of this owner and type. */
    boolean hasNote(String owner, int type) throws IOException {
        long table = file.getLong(32);
        int count = u16(56);
        if (u16(54) != SEGMENT_BYTES) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            int segment = check(table + (long) i * SEGMENT_BYTES, SEGMENT_BYTES);
            if (file.getInt(segment) == SEGMENT_NOTE) {
                long size = file.getLong(segment + 32);
                int at = check(file.getLong(segment + 8), size);
                if (noteIn(at, (int) checkedSize(size), owner, type)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Where the last section or segment ends: what follows belongs to no part of the file. */
    int end() throws IOException {
        long end = file.getLong(40) + (long) u16(60) * SECTION_BYTES;
        long table = file.getLong(32);
        for (int i = 0; i < u16(56); i++) {
            int segment = check(table + (long) i * SEGMENT_BYTES, SEGMENT_BYTES);
            long to = file.getLong(segment + 8) + file.getLong(segment + 32);
            end = Math.max(end, to);
        }
        check(0, end);
        return (int) end;
    }

    private boolean noteIn(int at, int size, String owner, int type) throws IOException {
        int position = at;
        while (position + 12 <= at + size) {
            long nameSize = Integer.toUnsignedLong(file.getInt(position));
            long dataSize = Integer.toUnsignedLong(file.getInt(position + 4));
            long next = 12 + (nameSize + 3 & ~3L) + (dataSize + 3 & ~3L);
            if (position + next > at + size) {
                return false;
            }
            if (file.getInt(position + 8) == type && nameSize == owner.length() + 1
                    && isText(position + 12, owner)) {
                return true;
            }
            position += (int) next;
        }
        return false;
    }

    private boolean isText(int at, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        check(at, bytes.length + 1);
        for (int i = 0; i < bytes.length; i++) {
            if (file.get(at + i) != bytes[i]) {
                return false;
            }
        }
        return file.get(at + bytes.length) == 0;
    }

    private int u16(int at) {
        return Short.toUnsignedInt(file.getShort(at));
    }

    private long checkedSize(long size) throws IOException {
        check(0, size);
        return size;
    }

    private int check(long offset, long size) throws IOException {
        if (offset < 0 || size < 0 || offset > file.capacity() || size > file.capacity() - offset) {
            throw new IOException("an ELF file that points outside itself");
        }
        return (int) offset;
    }
}
