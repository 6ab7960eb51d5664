package eu.mikelangelo.packages.debian.deb;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.Tree;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.lzma.LZMACompressorInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/**
 * Streams the members of a .deb (deb(5): ar of debian-binary, control.tar.*, data.tar.*). Nothing is written and
 * nothing is run. Bounds: 400,000 members, 1 GiB a member, 4 GiB in all.
 * <pre>
 * DebReader.data(path, member -> {
 *     if (member.path().startsWith("/boot/vmlinuz-")) { store.put(member.content(), DebReader.MAX_FILE); }
 *     return true;                                          // false ends the walk
 * });
 * </pre>
 */
public final class DebReader {
    public static final long MAX_FILE = 1L << 30;
    public static final long MAX_TOTAL = 4L << 30;
    public static final int MAX_MEMBERS = 400_000;
    private static final int XZ_MEMORY_KIB = 256 << 10;

    private DebReader() { }

    /**
     * A member of the data or control archive.
     *
     * @param path    normalised and absolute, as in the archive (no usr-merge)
     * @param kind    'f' file, 'd' folder, 'l' symbolic link, 'h' hard link to {@code target}
     * @param target  of a link: a symbolic one's literal text, a hard one's normalised path; else ""
     * @param content of a file; valid until the visitor returns, need not be read
     */
    public record Member(String path, char kind, int mode, long uid, long gid, long size, String target,
                         InputStream content) { }

    /** Sees one member after another; returns false to end the walk. */
    @FunctionalInterface
    public interface Visitor {
        boolean see(Member member) throws IOException;
    }

    /** Walks the files of the package. Device nodes, fifos and sockets are left out. */
    public static void data(Path deb, Visitor visitor) throws IOException {
        walk(deb, "data.tar", visitor);
    }

    /** Walks the control members: {@code /control}, {@code /postinst}, {@code /conffiles}… */
    public static void control(Path deb, Visitor visitor) throws IOException {
        walk(deb, "control.tar", visitor);
    }

    /** The bytes of one data member, or null when there is none of this path. */
    public static byte[] member(Path deb, String path, int limit) throws IOException {
        ByteArrayOutputStream found = new ByteArrayOutputStream();
        boolean[] seen = {false};
        data(deb, member -> {
            if (!member.path().equals(path) || member.kind() != 'f') {
                return true;
            }
            if (member.size() > limit) {
                throw hostile(deb, path + " has " + member.size() + " bytes, more than " + limit);
            }
            member.content().transferTo(found);
            seen[0] = true;
            return false;
        });
        return seen[0] ? found.toByteArray() : null;
    }

    private static void walk(Path deb, String wanted, Visitor visitor) throws IOException {
        try (ArArchiveInputStream ar = new ArArchiveInputStream(
                new BufferedInputStream(Files.newInputStream(deb), 1 << 16))) {
            int members = 0;
            for (ArArchiveEntry entry = ar.getNextEntry(); entry != null; entry = ar.getNextEntry()) {
                String name = entry.getName().replaceFirst("/$", "");
                if (++members > 16) {
                    throw hostile(deb, "it has more than 16 parts");
                }
                if (members == 1 && !name.equals("debian-binary")) {
                    throw hostile(deb, "its first part is " + name + ", not debian-binary");
                }
                if (name.equals(wanted) || name.startsWith(wanted + ".")) {
                    tar(deb, unpacked(deb, name, ar), visitor);
                    return;
                }
            }
            throw hostile(deb, "it has no " + wanted);
        } catch (IllegalArgumentException e) {
            throw hostile(deb, e.getMessage());
        }
    }

    private static InputStream unpacked(Path deb, String name, InputStream in) throws IOException {
        return switch (name.substring(name.lastIndexOf('.') + 1)) {
            case "tar" -> in;
            case "gz" -> new GZIPInputStream(in, 1 << 16);
            case "xz" -> XZCompressorInputStream.builder().setInputStream(in).setMemoryLimitKiB(XZ_MEMORY_KIB).get();
            case "zst" -> new com.github.luben.zstd.ZstdInputStream(in).setLongMax(27);
            case "bz2" -> new BZip2CompressorInputStream(in);
            case "lzma" -> new LZMACompressorInputStream(in);
            default -> throw hostile(deb, "its part " + name + " is packed in a way we do not know");
        };
    }

    private static void tar(Path deb, InputStream in, Visitor visitor) throws IOException {
        TarArchiveInputStream tar = new TarArchiveInputStream(new BufferedInputStream(in, 1 << 16), "UTF-8");
        long total = 0;
        int members = 0;
        for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
            total = Math.addExact(total, Math.max(0, entry.getSize()));
            if (++members > MAX_MEMBERS || total > MAX_TOTAL || entry.getSize() > MAX_FILE || entry.getSize() < 0) {
                throw hostile(deb, entry.getName() + " takes it beyond " + MAX_MEMBERS + " members, " + (MAX_FILE >> 20)
                        + " MiB a file or " + (MAX_TOTAL >> 20) + " MiB in all");
            }
            char kind = entry.isSymbolicLink() ? 'l' : entry.isLink() ? 'h' : entry.isDirectory() ? 'd'
                    : entry.isFile() && !entry.isSparse() ? 'f' : '-';
            if (kind == '-' || entry.isCharacterDevice() || entry.isBlockDevice() || entry.isFIFO()) {
                continue;
            }
            String target = kind == 'l' ? link(deb, entry) : kind == 'h' ? Tree.normalise(entry.getLinkName()) : "";
            if (!visitor.see(new Member(Tree.normalise(entry.getName()), kind, entry.getMode() & 07777,
                    entry.getLongUserId(), entry.getLongGroupId(), entry.getSize(), target, tar))) {
                return;
            }
        }
    }

    private static String link(Path deb, TarArchiveEntry entry) {
        String target = entry.getLinkName();
        if (target.isEmpty() || target.length() > 4095 || target.indexOf('\0') >= 0) {
            throw hostile(deb, "the link " + entry.getName() + " has no valid target");
        }
        return target;
    }

    static Failure hostile(Path deb, String what) {
        return new Failure(Failure.Kind.UNTRUSTED, deb.getFileName() + " is refused: " + what,
                "The archive is damaged or was made to do harm; nothing of it was used.");
    }
}
