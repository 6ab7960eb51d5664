package eu.mikelangelo.packages.image;

import eu.mikelangelo.base.Progress;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Bundle;
import eu.mikelangelo.packages.Tree;
import eu.mikelangelo.packages.kernel.Kernel;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes an image file: the manifest's segment, {@code mike/image} for init, then the cached compressed segments (init
 * and modules, then the layers of the tree). See "An image is one file" in ARCHITECTURE.md.
 */
final class ImageWriter {
    private final ImageStore images;
    private final Segments segments;
    private final BlobStore blobs;

    /** @param file temporary; whoever gets it publishes or deletes it */
    record Written(Path file, String digest, ImageManifest manifest) { }

    /** A cached segment did not have the bytes it should have. */
    private static final class Damaged extends IOException {
        private static final long serialVersionUID = 1L;
        private final String segment;

        Damaged(Path file) {
            super(file + " was damaged twice in a row");
            this.segment = file.toString();
        }
    }

    ImageWriter(ImageStore images, BlobStore blobs) {
        this.images = images;
        this.segments = new Segments(images.segments(), images::newTemporary);
        this.blobs = blobs;
    }

    Written write(Bundle bundle, List<Tree> layers, Kernel kernel, Composer.InitBinary init, Progress progress)
            throws IOException {
        String repaired = "";
        while (true) {
            try {
                return attempt(bundle, layers, kernel, init, progress);
            } catch (Damaged e) {
                if (e.segment.equals(repaired)) { // it was made anew just now: a broken disk
                    throw e;
                }
                repaired = e.segment;
            }
        }
    }

    private Written attempt(Bundle bundle, List<Tree> layers, Kernel kernel, Composer.InitBinary init,
                            Progress progress) throws IOException {
        List<Segments.Cached> packed = new ArrayList<>();
        progress.step("packing init and modules");
        packed.add(system(kernel, init));
        for (Tree layer : layers) {
            progress.step("packing " + bundle.name());
            packed.add(segments.of("tree", TreeText.write(layer), archive -> tree(archive, layer)));
        }
        byte[] text = GuestConfig.image(paths(kernel, false), paths(kernel, true), bundle.start())
                .getBytes(StandardCharsets.UTF_8);
        byte[] config = CpioWriter.archive("/mike/image", text);
        List<ImageManifest.Segment> list = new ArrayList<>();
        list.add(new ImageManifest.Segment("config", "none", config.length,
                HexFormat.of().formatHex(Segments.sha256().digest(config)), config.length, 2));
        packed.forEach(cached -> list.add(cached.segment()));
        ImageManifest manifest = new ImageManifest(ImageManifest.SCHEMA, bundle.name(), bundle.version(), "linux",
                "x86_64", kernelOf(kernel), bundle.start(), bundle.sources(), bundle.warnings(), list);
        progress.step("writing the image of " + bundle.name());
        return join(manifest, config, packed);
    }

    private static ImageManifest.Kernel kernelOf(Kernel kernel) {
        Kernel.Description of = kernel.description();
        ImageManifest.Elf elf = of.elf() == null ? null : new ImageManifest.Elf(of.elf().sha256(), of.elf().size());
        return new ImageManifest.Kernel(of.sha256(), of.size(), elf, of.packageName(), of.version(), of.debSha256(),
                of.release());
    }

    private static List<String> paths(Kernel kernel, boolean late) {
        return kernel.description().modules().stream().filter(module -> module.late() == late)
                .map(ImageWriter::guestPath).toList();
    }

    private static String guestPath(Kernel.Module module) {
        return "/mike/modules/" + module.name() + ".ko";
    }

    private Segments.Cached system(Kernel kernel, Composer.InitBinary init) throws IOException {
        StringBuilder inputs = new StringBuilder("init ").append(init.sha256()).append('\n');
        for (Kernel.Module module : kernel.description().modules()) {
            inputs.append(module.name()).append(' ').append(module.sha256()).append('\n');
        }
        return segments.of("system", inputs.toString(), archive -> {
            archive.file("/init", 0755, 0, 0, init.bytes());
            for (Kernel.Module module : kernel.description().modules()) {
                byte[] ko = Files.readAllBytes(kernel.module(module));
                if (!HexFormat.of().formatHex(Segments.sha256().digest(ko)).equals(module.sha256())) {
                    throw new IOException(kernel.module(module) + " is damaged; remove " + kernel.folder());
                }
                archive.file(guestPath(module), 0644, 0, 0, ko);
            }
        });
    }

    private void tree(CpioWriter archive, Tree layer) throws IOException {
        for (Map.Entry<String, Tree.Node> entry : layer.nodes().entrySet()) {
            String path = entry.getKey();
            switch (entry.getValue()) {
                case Tree.Folder folder -> archive.folder(path, folder.mode(), folder.uid(), folder.gid());
                case Tree.Link link -> archive.link(path, link.target(), link.uid(), link.gid());
                case Tree.File file -> {
                    try (InputStream content = new BufferedInputStream(blobs.open(file.sha256()))) {
                        archive.file(path, file.mode(), file.uid(), file.gid(), file.size(), content);
                    }
                }
            }
        }
    }

    private Written join(ImageManifest manifest, byte[] config, List<Segments.Cached> packed) throws IOException {
        Path file = images.newTemporary("compose");
        boolean done = false;
        try (FileChannel out = FileChannel.open(file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            MessageDigest whole = Segments.sha256();
            append(out, whole, CpioWriter.archive(ImageFile.MANIFEST, manifest.json()));
            append(out, whole, config);
            for (Segments.Cached cached : packed) {
                append(out, whole, cached);
            }
            out.force(true);
            done = true;
            return new Written(file, HexFormat.of().formatHex(whole.digest()), manifest);
        } finally {
            if (!done) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static void append(FileChannel out, MessageDigest whole, byte[] bytes) throws IOException {
        append(out, whole, ByteBuffer.wrap(bytes));
        append(out, whole, ByteBuffer.allocate(Cpio.padding(bytes.length)));
    }

    private static void append(FileChannel out, MessageDigest whole, ByteBuffer bytes) throws IOException {
        whole.update(bytes.duplicate());
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    private void append(FileChannel out, MessageDigest whole, Segments.Cached cached) throws IOException {
        MessageDigest own = Segments.sha256();
        ByteBuffer buffer = ByteBuffer.allocateDirect(256 * 1024);
        try (FileChannel in = FileChannel.open(cached.file(), StandardOpenOption.READ)) {
            while (in.read(buffer.clear()) >= 0) {
                buffer.flip();
                own.update(buffer.duplicate());
                append(out, whole, buffer);
            }
        }
        if (!HexFormat.of().formatHex(own.digest()).equals(cached.segment().sha256())) {
            segments.forget(cached);
            throw new Damaged(cached.file());
        }
        append(out, whole, ByteBuffer.allocate(Cpio.padding(cached.segment().size())));
    }
}
