package eu.mikelangelo.packages.debian.deb;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.xz.XZCompressorOutputStream;

/** Makes .debs by hand, good and bad ones. */
public final class Debs {
    private final ByteArrayOutputStream dataBytes = new ByteArrayOutputStream();
    private final ByteArrayOutputStream controlBytes = new ByteArrayOutputStream();
    private final TarArchiveOutputStream data = new TarArchiveOutputStream(dataBytes, "UTF-8");
    private final TarArchiveOutputStream control = new TarArchiveOutputStream(controlBytes, "UTF-8");

    public Debs() {
        data.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
        data.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
    }

    public Debs file(String name, String content, int mode) {
        return file(name, content.getBytes(StandardCharsets.UTF_8), mode);
    }

    public Debs file(String name, byte[] content, int mode) {
        TarArchiveEntry entry = new TarArchiveEntry(name, true);
        entry.setMode(0100000 | mode);
        entry.setSize(content.length);
        return put(data, entry, content);
    }

    public Debs folder(String name) {
        TarArchiveEntry entry = new TarArchiveEntry(name.endsWith("/") ? name : name + "/", true);
        entry.setMode(040755);
        return put(data, entry, new byte[0]);
    }

    public Debs link(String name, String target, boolean hard) {
        return special(name, target, hard ? TarConstants.LF_LINK : TarConstants.LF_SYMLINK);
    }

    public Debs special(String name, String target, byte kind) {
        TarArchiveEntry entry = new TarArchiveEntry(name, kind, true);
        entry.setLinkName(target);
        return put(data, entry, new byte[0]);
    }

    public Debs script(String name, String content) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        TarArchiveEntry entry = new TarArchiveEntry("./" + name, true);
        entry.setSize(bytes.length);
        return put(control, entry, bytes);
    }

    private Debs put(TarArchiveOutputStream tar, TarArchiveEntry entry, byte[] content) {
        try {
            tar.putArchiveEntry(entry);
            tar.write(content);
            tar.closeArchiveEntry();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param packing gz, xz, zst or "" for none */
    public byte[] build(String packing) {
        try {
            data.close();
            control.close();
            return ar("control.tar.gz", pack(controlBytes.toByteArray(), "gz"),
                    packing.isEmpty() ? "data.tar" : "data.tar." + packing, pack(dataBytes.toByteArray(), packing));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static byte[] ar(String controlName, byte[] control, String dataName, byte[] data) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ArArchiveOutputStream ar = new ArArchiveOutputStream(bytes)) {
            member(ar, "debian-binary", "2.0\n".getBytes(StandardCharsets.US_ASCII));
            member(ar, controlName, control);
            member(ar, dataName, data);
        }
        return bytes.toByteArray();
    }

    private static void member(ArArchiveOutputStream ar, String name, byte[] content) throws IOException {
        ar.putArchiveEntry(new ArArchiveEntry(name, content.length));
        ar.write(content);
        ar.closeArchiveEntry();
    }

    static byte[] pack(byte[] plain, String packing) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = switch (packing) {
            case "gz" -> new GZIPOutputStream(bytes);
            case "xz" -> new XZCompressorOutputStream(bytes);
            case "zst" -> new com.github.luben.zstd.ZstdOutputStream(bytes);
            default -> bytes;
        }) {
            out.write(plain);
        }
        return bytes.toByteArray();
    }
}
