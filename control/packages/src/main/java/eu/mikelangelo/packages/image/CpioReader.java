package eu.mikelangelo.packages.image;

import eu.mikelangelo.packages.Tree;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/**
 * Reads one newc archive and distrusts it: only what {@link CpioWriter} writes is accepted (files, folders and links
 * with normal names, each once, below a parent that came before). Anything else is an IOException that names the
 * offset. Not thread-safe.
 */
public final class CpioReader {
    /** More members than any real root file system has; bounds memory. */
    static final int MEMBERS_MAX = 2_000_000;
    private final InputStream in;
    private final Set<String> folders = new HashSet<>();
    private final Set<String> others = new HashSet<>();
    private long position;
    private long contentLeft;
    private boolean ended;

    /**
     * One member. {@code type} is 'f', 'd' or 'l'; {@code mode} has permission bits only; {@code size} is of a file;
     * {@code target} is of a link, else "".
     */
    public record Entry(String path, char type, int mode, int uid, int gid, long size, String target) { }

    public CpioReader(InputStream in) {
        this.in = in;
        folders.add("/");
    }

    /** The next member, or null after the trailer. The content of the last one is skipped when it was not read. */
    public Entry next() throws IOException {
        if (ended) {
            return null;
        }
        skip(contentLeft);
        contentLeft = 0;
        skipPadding();
        long start = position;
        long[] fields = header();
        long nameBytes = fields[11];
        if (nameBytes < 2 || nameBytes > Cpio.NAME_BYTES_MAX) {
            throw bad(start, "a name of " + nameBytes + " bytes");
        }
        String name = text(readFully((int) nameBytes - 1), start);
        if (read() != 0) {
            throw bad(start, "a name without its NUL");
        }
        skipPadding();
        if (name.equals(Cpio.TRAILER)) {
            if (fields[6] != 0) {
                throw bad(start, "a trailer with content");
            }
            ended = true;
            return null;
        }
        return entry(name, fields, start);
    }

    /** Reads content of the file that {@link #next} returned; -1 at its end. */
    public int read(byte[] buffer, int offset, int length) throws IOException {
        if (contentLeft == 0) {
            return -1;
        }
        int n = in.read(buffer, offset, (int) Math.min(length, contentLeft));
        if (n < 0) {
            throw new EOFException("the archive ends inside a file, at byte " + position);
        }
        position += n;
        contentLeft -= n;
        return n;
    }

    /** The whole content of the present file, which must have at most {@code limit} bytes. */
    public byte[] content(int limit) throws IOException {
        if (contentLeft > limit) {
            throw new IOException("a member of " + contentLeft + " bytes, at most " + limit + " are expected");
        }
        byte[] all = readFully((int) contentLeft);
        contentLeft = 0;
        return all;
    }

    /** Bytes consumed so far; after the trailer the length of the archive. */
    public long position() {
        return position;
    }

    private Entry entry(String name, long[] fields, long start) throws IOException {
        String path = "/" + name;
        if (name.indexOf('\0') >= 0 || name.contains("..") && leaves(name) || !Tree.normalise(path).equals(path)
                || path.equals("/")) {
            throw bad(start, "a name that is not a plain relative path");
        }
        int slash = path.lastIndexOf('/');
        if (!folders.contains(slash == 0 ? "/" : path.substring(0, slash))) {
            throw bad(start, "a member before its folder: " + path);
        }
        int mode = (int) fields[1];
        char type = switch (mode & Cpio.TYPE_MASK) {
            case Cpio.FILE -> 'f';
            case Cpio.FOLDER -> 'd';
            case Cpio.LINK -> 'l';
            default -> throw bad(start, path + " is neither file, folder nor link");
        };
        if (folders.contains(path) || others.contains(path)) {
            throw bad(start, path + " comes twice");
        }
        if (folders.size() + others.size() > MEMBERS_MAX) {
            throw bad(start, "more than " + MEMBERS_MAX + " members");
        }
        (type == 'd' ? folders : others).add(path);
        long size = fields[6];
        String target = "";
        if (type == 'l') {
            target = target(size, start);
        } else if (type == 'd' && size != 0) {
            throw bad(start, "folder " + path + " with content");
        } else if (type == 'f' && fields[4] != 1) {
            throw bad(start, path + " is a hard link; images have none");
        } else {
            contentLeft = size;
        }
        return new Entry(path, type, mode & 07777, (int) fields[2], (int) fields[3], type == 'f' ? size : 0, target);
    }

    private String target(long size, long start) throws IOException {
        if (size < 1 || size >= Cpio.NAME_BYTES_MAX) {
            throw bad(start, "a link's target of " + size + " bytes");
        }
        String target = text(readFully((int) size), start);
        if (target.indexOf('\0') >= 0) {
            throw bad(start, "a NUL in a link's target");
        }
        return target;
    }

    private static boolean leaves(String name) {
        for (String part : name.split("/")) {
            if (part.equals("..")) {
                return true;
            }
        }
        return false;
    }

    private long[] header() throws IOException {
        long start = position;
        byte[] bytes = readFully(Cpio.HEADER_BYTES);
        String magic = new String(bytes, 0, 6, StandardCharsets.ISO_8859_1);
        if (!magic.equals(Cpio.MAGIC)) {
            throw bad(start, "no newc header");
        }
        long[] fields = new long[Cpio.FIELDS];
        for (int i = 0; i < fields.length; i++) {
            long value = 0;
            for (int k = 0; k < 8; k++) {
                int digit = Character.digit(bytes[6 + i * 8 + k], 16);
                if (digit < 0) {
                    throw bad(start, "a header field that is not hexadecimal");
                }
                value = value << 4 | digit;
            }
            fields[i] = value;
        }
        return fields;
    }

    private static String text(byte[] bytes, long start) throws IOException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw bad(start, "text that is not UTF-8");
        }
    }

    private static IOException bad(long offset, String what) {
        return new IOException("cpio archive, byte " + offset + ": " + what);
    }

    private void skipPadding() throws IOException {
        for (int n = Cpio.padding(position); n > 0; n--) {
            if (read() != 0) {
                throw bad(position - 1, "padding that is not zero");
            }
        }
    }

    private int read() throws IOException {
        int b = in.read();
        if (b < 0) {
            throw new EOFException("the archive ends early, at byte " + position);
        }
        position++;
        return b;
    }

    private byte[] readFully(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("the archive ends early, at byte " + (position + bytes.length));
        }
        position += length;
        return bytes;
    }

    private void skip(long count) throws IOException {
        in.skipNBytes(count);
        position += count;
    }
}
