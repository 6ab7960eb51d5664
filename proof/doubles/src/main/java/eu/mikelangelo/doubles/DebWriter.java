package eu.mikelangelo.doubles;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/**
 * Writes a .deb (deb(5)) in memory, a good one or one that no honest tool would write: names, targets and sizes go into
 * the archive as they are given. A writer makes one package.
 * <pre>
 * byte[] deb = new DebWriter().folder("./usr/").file("./usr/bin/tiny", "a program\n", 0755).build();
 * </pre>
 */
public final class DebWriter {
    /** Content that {@link #zeros} really writes at most. */
    private static final int MAX_ZEROS = 1 << 20;
    private final TarWriter control = new TarWriter();
    private final TarWriter data = new TarWriter();
    private boolean described;

    public DebWriter file(String name, String content, int mode) {
        return file(name, content.getBytes(StandardCharsets.UTF_8), mode);
    }

    public DebWriter file(String name, byte[] content, int mode) {
        data.member(name, '0', "", mode, content.length, content);
        return this;
    }

    public DebWriter folder(String name) {
        return other(name.endsWith("/") ? name : name + "/", '5', "");
    }

    /** A symbolic link. */
    public DebWriter link(String name, String target) {
        data.member(name, '2', target, 0777, 0, new byte[0]);
        return this;
    }

    public DebWriter hardLink(String name, String target) {
        return other(name, '1', target);
    }

    /** @param type of ustar, say 3 for a character device, 6 for a fifo */
    public DebWriter other(String name, char type, String target) {
        data.member(name, type, target, 0755, 0, new byte[0]);
        return this;
    }

    /** A file whose header promises so many bytes; the first of them (at most 1 MiB) are there and zero. */
    public DebWriter zeros(String name, long size) {
        data.member(name, '0', "", 0644, size, new byte[(int) Math.min(size, MAX_ZEROS)]);
        return this;
    }

    /** A file of the control archive: "control" itself (there is a small one without this), "postinst", "templates". */
    public DebWriter control(String name, String content) {
        described |= name.equals("control");
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        control.member("./" + name, '0', "", 0755, bytes.length, bytes);
        return this;
    }

    /** Gives the package this control file if it has none. */
    DebWriter describe(String content) {
        return described ? this : control("control", content);
    }

    /** The package, packed with gzip. */
    public byte[] build() {
        return build("gz");
    }

    /** @param packing of both archives: gz, xz, zst or "" for none */
    public byte[] build(String packing) {
        describe("Package: x\nVersion: 1\nArchitecture: amd64\nMaintainer: nobody\nDescription: x\n");
        String suffix = packing.isEmpty() ? "" : "." + packing;
        return ar("control.tar" + suffix, pack(control.end(), packing), "data.tar" + suffix, pack(data.end(), packing));
    }

    /** The outer archive alone; the names of its parts may be wrong and their content may be anything. */
    public static byte[] ar(String controlName, byte[] control, String dataName, byte[] data) {
        ByteArrayOutputStream ar = new ByteArrayOutputStream();
        ar.writeBytes("!<arch>\n".getBytes(StandardCharsets.US_ASCII));
        part(ar, "debian-binary", "2.0\n".getBytes(StandardCharsets.US_ASCII));
        part(ar, controlName, control);
        part(ar, dataName, data);
        return ar.toByteArray();
    }

    private static void part(ByteArrayOutputStream ar, String name, byte[] content) {
        ar.writeBytes(String.format(Locale.ROOT, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", name, 0, 0, 0, "100644",
                content.length).getBytes(StandardCharsets.US_ASCII));
        ar.writeBytes(content);
        if (content.length % 2 == 1) {
            ar.write('\n');
        }
    }

    /** @param packing gz, xz, zst or "" for none */
    public static byte[] pack(byte[] plain, String packing) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = switch (packing) {
            case "" -> packed;
            case "gz" -> new GZIPOutputStream(packed);
            case "xz" -> new XZOutputStream(packed, new LZMA2Options(0));
            case "zst" -> new ZstdOutputStream(packed);
            default -> throw new IllegalArgumentException(packing);
        }) {
            out.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }
}
