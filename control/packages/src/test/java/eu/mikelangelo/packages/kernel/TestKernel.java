package eu.mikelangelo.packages.kernel;

import eu.mikelangelo.doubles.DebWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorOutputStream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** Makes small things that look like a kernel: ELF files, a bzImage, a Debian package. */
public final class TestKernel {
    private TestKernel() { }

    /** A module whose .modinfo says these things. */
    static byte[] module(String... info) {
        return elf(".modinfo", (String.join("\0", info) + "\0").getBytes(StandardCharsets.UTF_8), false);
    }

    /** An ELF kernel with the note that lets QEMU enter it. */
    static byte[] vmlinux(boolean pvh) {
        byte[] text = new byte[100_000];
        for (int i = 0; i < text.length; i++) {
            text[i] = (byte) (i % 251 * (i / 7000));
        }
        return elf(".text", text, pvh);
    }

    private static byte[] elf(String section, byte[] content, boolean note) {
        byte[] names = ("\0" + section + "\0.shstrtab\0").getBytes(StandardCharsets.US_ASCII);
        int contentAt = 64 + 56 + 24;
        int namesAt = contentAt + content.length;
        int tableAt = namesAt + names.length;
        ByteBuffer b = ByteBuffer.allocate(tableAt + 3 * 64).order(ByteOrder.LITTLE_ENDIAN);
        b.putInt(0x464c457f).put((byte) 2).put((byte) 1);
        b.putLong(32, 64).putLong(40, tableAt);
        b.putShort(54, (short) 56).putShort(56, (short) 1);
        b.putShort(58, (short) 64).putShort(60, (short) 3).putShort(62, (short) 2);
        b.putInt(64, 4).putLong(64 + 8, 120).putLong(64 + 32, 24); // PT_NOTE
        b.putInt(120, 4).putInt(124, 8).putInt(128, note ? 18 : 17);
        b.put(132, "Xen\0".getBytes(StandardCharsets.US_ASCII));
        b.put(contentAt, content).put(namesAt, names);
        header(b, tableAt + 64, 1, contentAt, content.length);
        header(b, tableAt + 128, section.length() + 2, namesAt, names.length);
        return b.array();
    }

    private static void header(ByteBuffer b, int at, int name, int offset, int size) {
        b.putInt(at, name).putLong(at + 24, offset).putLong(at + 32, size);
    }

    /** A bzImage with this payload behind two setup sectors. */
    static byte[] bzImage(byte[] payload) {
        ByteBuffer b = ByteBuffer.allocate(2 * 512 + 16 + payload.length).order(ByteOrder.LITTLE_ENDIAN);
        b.put(0x1f1, (byte) 1).putInt(0x202, 0x53726448).putShort(0x206, (short) 0x20f);
        b.putInt(0x248, 16).putInt(0x24c, payload.length);
        b.put(1024 + 16, payload);
        return b.array();
    }

    /** As the kernel's build packs it: legacy frame, then the unpacked size. */
    static byte[] lz4(byte[] content) throws IOException {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        try (BlockLZ4CompressorOutputStream out = new BlockLZ4CompressorOutputStream(block)) {
            out.write(content);
        }
        ByteBuffer b = ByteBuffer.allocate(12 + block.size()).order(ByteOrder.LITTLE_ENDIAN);
        return b.putInt(Lz4Legacy.MAGIC).putInt(block.size()).put(block.toByteArray()).putInt(content.length).array();
    }

    /** The files of a small kernel package; {@code suffix} "" or ".xz" for the modules. */
    static Map<String, byte[]> files(String release, String suffix) throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("./boot/vmlinuz-" + release, bzImage(lz4(vmlinux(true))));
        String modules = "./lib/modules/" + release + "/";
        files.put(modules + "modules.builtin", "kernel/a/rng-core.ko\n".getBytes(StandardCharsets.US_ASCII));
        put(files, modules, suffix, "virtio", "depends=virtio_ring");
        put(files, modules, suffix, "virtio_ring", "depends=");
        put(files, modules, suffix, "virtio_pci", "license=GPL", "depends=virtio,virtio_ring");
        put(files, modules, suffix, "virtio_net", "depends=virtio", "softdep=pre: failover post: other");
        put(files, modules, suffix, "failover", "depends=");
        put(files, modules, suffix, "virtio_console", "depends=virtio");
        put(files, modules, suffix, "virtio-rng", "depends=rng-core,virtio");
        put(files, modules, suffix, "evdev", "depends=");
        put(files, modules, suffix, "pvpanic-pci", "depends=pvpanic,virtio");
        put(files, modules, suffix, "pvpanic", "depends=");
        put(files, modules, suffix, "unwanted", "depends=virtio");
        return files;
    }

    private static void put(Map<String, byte[]> files, String folder, String suffix, String name, String... info)
            throws IOException {
        byte[] ko = module(info);
        files.put(folder + "kernel/" + name + ".ko" + suffix, suffix.isEmpty() ? ko : xz(ko));
    }

    /** The package that depends on the newest kernel, and that kernel's: names as in Debian. */
    public static Map<String, Path> packages(Path folder, String release, String suffix) throws IOException {
        String name = "linux-image-" + release;
        Path meta = folder.resolve("meta-" + release + ".deb");
        Path image = folder.resolve("image-" + release + ".deb");
        Files.write(meta, new DebWriter().control("control", "Package: linux-image-cloud-amd64\nDepends: foo,\n " + name
                + " (= 6.1)\n").build("xz"));
        DebWriter writer = new DebWriter().control("control", "Package: " + name + "\n");
        files(release, suffix).forEach((path, content) -> writer.file(path, content, 0644));
        Files.write(image, writer.build("xz"));
        return Map.of(KernelStore.META_PACKAGE, meta, name, image);
    }

    static byte[] xz(byte[] plain) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new XZOutputStream(bytes, new LZMA2Options(0))) {
            out.write(plain);
        }
        return bytes.toByteArray();
    }
}
