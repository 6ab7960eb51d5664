package eu.mikelangelo.packages.kernel;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/** A Debian package file (deb(5)): an ar archive whose members control.tar and data.tar are compressed. */
final class DebArchive {
    /** Of the text that describes the package. */
    private static final int CONTROL_BYTES_MAX = 1 << 20;
    /** Of one unpacked file, and of all together: no kernel package is near. */
    static final long FILE_BYTES_MAX = 1L << 30;
    private static final long TOTAL_BYTES_MAX = 4L << 30;
    private static final int XZ_MEMORY_KIB = 256 * 1024;

    private DebArchive() { }

    /** Gets each regular file of the package. */
    @FunctionalInterface
    interface FileVisitor {
        /** @param path as in the archive, without the leading "./"; {@code content} ends with the file */
        void file(String path, long size, InputStream content) throws IOException;
    }

    /** The control file's field of this name, "" when it has none; continued lines are joined. */
    static String field(Path deb, String name) throws IOException {
        String[] control = {null};
        walk(deb, "control.tar", (path, size, content) -> {
            if (path.equals("control")) {
                byte[] bytes = content.readNBytes(CONTROL_BYTES_MAX);
                control[0] = new String(bytes, StandardCharsets.UTF_8);
            }
        });
        if (control[0] == null) {
            throw new IOException(deb.getFileName() + " has no control file");
        }
        for (String line : control[0].replaceAll("\n[ \t]+", " ").split("\n")) {
            int colon = line.indexOf(':');
            if (colon > 0 && line.substring(0, colon).equalsIgnoreCase(name)) {
                return line.substring(colon + 1).strip();
            }
        }
        return "";
    }

    static void files(Path deb, FileVisitor visitor) throws IOException {
        walk(deb, "data.tar", visitor);
    }

    private static void walk(Path deb, String member, FileVisitor visitor) throws IOException {
        try (ArArchiveInputStream ar =
                     new ArArchiveInputStream(new BufferedInputStream(Files.newInputStream(deb)))) {
            for (ArArchiveEntry entry = ar.getNextEntry(); entry != null; entry = ar.getNextEntry()) {
                if (entry.getName().startsWith(member)) {
                    try (InputStream plain = unpack(entry.getName().substring(member.length()), ar)) {
                        tar(plain, visitor);
                    }
                    return;
                }
            }
        }
        throw new IOException(deb.getFileName() + " has no member " + member);
    }

    private static InputStream unpack(String suffix, InputStream in) throws IOException {
        return switch (suffix) {
            case "" -> in;
            case ".gz" -> new GZIPInputStream(in, 64 * 1024);
            case ".xz" -> new XZInputStream(in, XZ_MEMORY_KIB);
            case ".zst" -> new ZstdInputStreamNoFinalizer(in);
            default -> throw new IOException("unknown compression " + suffix);
        };
    }

    private static void tar(InputStream plain, FileVisitor visitor) throws IOException {
        TarArchiveInputStream tar = new TarArchiveInputStream(new BufferedInputStream(plain, 64 * 1024));
        long total = 0;
        for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
            if (!entry.isFile() || entry.isLink() || entry.isSymbolicLink()) {
                continue;
            }
            total += entry.getSize();
            if (entry.getSize() < 0 || entry.getSize() > FILE_BYTES_MAX || total > TOTAL_BYTES_MAX) {
                throw new IOException(entry.getName() + " makes the package larger than " + TOTAL_BYTES_MAX
                        + " bytes");
            }
            String name = entry.getName();
            visitor.file(name.startsWith("./") ? name.substring(2) : name, entry.getSize(), tar);
        }
    }
}
