package eu.mikelangelo.machines.initrd;

import eu.mikelangelo.base.GuestText;
import eu.mikelangelo.machines.MachineSpec;
import eu.mikelangelo.machines.PublishedPort;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;

/**
 * The part of the initramfs that belongs to one machine: {@code /mike/run} (guest/PROTOCOL.md, "Files in the
 * initramfs") behind the image's own segments. It holds the environment, which may be secret: the file is 0600.
 */
public final class RunSegment {
    private RunSegment() { }

    /** The lines of {@code /mike/run}. @throws eu.mikelangelo.base.Failure BAD_INPUT for what init would refuse */
    public static String text(MachineSpec spec) {
        GuestText text = new GuestText();
        text.line("hostname", spec.name());
        text.line("net", "static", spec.address() + "/" + MachineSpec.NETWORK_BITS, MachineSpec.GATEWAY,
                MachineSpec.GATEWAY, String.valueOf(MachineSpec.MTU));
        spec.env().forEach(text::env);
        for (List<String> words : spec.pre()) {
            text.line("pre", words.toArray(String[]::new));
        }
        for (String word : spec.command()) {
            text.line("arg", word);
        }
        for (PublishedPort port : spec.ports()) {
            text.line("listen", port.protocol(), String.valueOf(port.guest()));
        }
        return text.line("stop", String.valueOf(spec.graceSeconds())).toString();
    }

    /**
     * Writes {@code target} anew (0600): the image, padding to 4 bytes, the run segment.
     *
     * @param text what {@code /mike/run} says
     */
    public static void write(Path image, String text, Path target) throws IOException {
        byte[] segment = new Newc().folder("mike", 0700)
                .file("mike/run", 0600, text.getBytes(StandardCharsets.UTF_8)).finish();
        Files.deleteIfExists(target);
        try (FileChannel in = FileChannel.open(image, StandardOpenOption.READ);
                FileChannel out = FileChannel.open(target,
                        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            long size = in.size();
            for (long at = 0; at < size;) {
                long moved = in.transferTo(at, size - at, out);
                if (moved <= 0) {
                    throw new IOException(image + " became shorter while it was copied");
                }
                at += moved;
            }
            write(out, ByteBuffer.allocate((int) (-size & 3)));
            write(out, ByteBuffer.wrap(segment));
        }
    }

    private static void write(FileChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }
}
