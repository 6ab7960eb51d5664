package eu.mikelangelo.machines.initrd;

import eu.mikelangelo.machines.MachineSpec;
import eu.mikelangelo.machines.PublishedPort;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;

/**
 * The part of the initramfs that belongs to one machine: {@code /mike/run} (guest/PROTOCOL.md, "Files in the
 * initramfs") behind the image's own segments. It holds the environment, which may be secret: the file is 0600.
 */
public final class RunSegment {
    private RunSegment() { }

    /** The lines of {@code /mike/run}. */
    public static String text(MachineSpec spec) {
        StringBuilder text = new StringBuilder();
        line(text, "hostname", spec.name());
        line(text, "net", "static", spec.address() + "/" + MachineSpec.NETWORK_BITS, MachineSpec.GATEWAY,
                MachineSpec.GATEWAY, String.valueOf(MachineSpec.MTU));
        for (Map.Entry<String, String> variable : spec.env().entrySet()) {
            line(text, "env", variable.getKey(), variable.getValue());
        }
        for (String word : spec.command()) {
            line(text, "arg", word);
        }
        for (PublishedPort port : spec.ports()) {
            line(text, "listen", port.protocol(), String.valueOf(port.guest()));
        }
        if (spec.stopSeconds() > 0) {
            line(text, "stop", String.valueOf(spec.stopSeconds()));
        }
        return text.toString();
    }

    /** Writes {@code target} anew: the image, padding to 4 bytes, the run segment. */
    public static void write(Path image, MachineSpec spec, Path target) throws IOException {
        byte[] segment = new Newc().folder("mike", 0700)
                .file("mike/run", 0600, text(spec).getBytes(StandardCharsets.UTF_8)).finish();
        java.nio.file.Files.deleteIfExists(target);
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

    private static void line(StringBuilder text, String key, String... values) {
        text.append(key);
        for (String value : values) {
            text.append(' ').append(escape(value));
        }
        text.append('\n');
    }

    static String escape(String value) {
        return value.isEmpty() ? "\\e" : value.replace("\\", "\\\\").replace(" ", "\\s").replace("\n", "\\n")
                .replace("\t", "\\t");
    }
}
