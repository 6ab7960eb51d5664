package eu.mikelangelo.packages.image;

import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.Start;
import eu.mikelangelo.packages.Storage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * The last segment of a machine's initrd: an uncompressed archive with {@code mike/run}. It begins at a multiple of 4,
 * as the kernel wants it (init/initramfs.c looks for a plain header only there), because every image ends at one.
 */
public final class RunSegment {
    private RunSegment() { }

    /** The segment for one machine of an image that starts as {@code start} says. */
    public static byte[] of(Start start, RunSpec spec) {
        return archive("/mike/run", GuestConfig.run(start, spec).getBytes(StandardCharsets.UTF_8));
    }

    /** An archive with one file, 0600: an environment may hold secrets. */
    static byte[] archive(String path, byte[] content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(content.length + 512);
        try {
            CpioWriter writer = new CpioWriter(bytes);
            writer.file(path, 0600, 0, 0, content);
            writer.finish();
        } catch (IOException e) {
            throw new IllegalStateException("memory does not fail", e);
        }
        return bytes.toByteArray();
    }

    /** Writes image and segment, one behind the other, to {@code target} (0600, appears whole or not at all). */
    public static void writeInitrd(Path image, byte[] segment, Path target) {
        Path temporary = target.resolveSibling("." + target.getFileName() + ".tmp");
        try {
            try (FileChannel in = FileChannel.open(image, StandardOpenOption.READ);
                 FileChannel out = FileChannel.open(temporary, Set.of(StandardOpenOption.CREATE,
                         StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE),
                         PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
                long size = in.size();
                if (Cpio.padding(size) != 0) {
                    throw new Failure(Failure.Kind.UNTRUSTED, image + " has " + size + " bytes, no multiple of 4",
                            "The image is damaged: compose it again.");
                }
                copy(in, size, out);
                ByteBuffer rest = ByteBuffer.wrap(segment);
                while (rest.hasRemaining()) {
                    out.write(rest);
                }
            }
            Durable.publish(temporary, target);
        } catch (IOException e) {
            throw Storage.failure("write the initrd " + target, e);
        } finally {
            Storage.deleteQuietly(temporary);
        }
    }

    private static void copy(FileChannel in, long size, FileChannel out) throws IOException {
        for (long done = 0; done < size;) {
            long n = in.transferTo(done, size - done, out);
            if (n <= 0) {
                throw new IOException("the image became shorter while it was read");
            }
            done += n;
        }
    }
}
