package eu.mikelangelo.packages.image;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Storage;
import eu.mikelangelo.packages.Tree;
import eu.mikelangelo.packages.manifest.IgnoreRules;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * Reads the files of a package of one's own: mode bits stay, the owner becomes root, links stay text. What is neither
 * file, folder nor link is refused, and so is a file that changes while it is read. Not thread-safe.
 */
final class FolderTree {
    static final int MEMBERS_MAX = 500_000;
    static final int DEPTH_MAX = 100;
    private final Path root;
    private final IgnoreRules ignore;
    private final BlobStore blobs;
    private final Tree tree = new Tree();
    private int members;

    private FolderTree(Path root, IgnoreRules ignore, BlobStore blobs) {
        this.root = root;
        this.ignore = ignore;
        this.blobs = blobs;
    }

    static Tree read(Path root, IgnoreRules ignore, BlobStore blobs) {
        FolderTree reader = new FolderTree(root, ignore, blobs);
        try {
            reader.folder(root, "", 0);
        } catch (NoSuchFileException e) {
            throw changed(Path.of(e.getFile()));
        } catch (IOException e) {
            throw Storage.failure("read the files of " + root, e);
        }
        return reader.tree;
    }

    private void folder(Path folder, String path, int depth) throws IOException {
        if (depth > DEPTH_MAX) {
            throw bad(folder + " is more than " + DEPTH_MAX + " folders deep", "");
        }
        List<Path> children = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
            for (Path child : stream) {
                children.add(child);
                if (++members > MEMBERS_MAX) {
                    throw bad(root + " holds more than " + MEMBERS_MAX + " files",
                            "Keep what is not needed out with .capstanignore.");
                }
            }
        }
        Collections.sort(children);
        for (Path child : children) {
            String name = child.getFileName().toString();
            String childPath = path + "/" + name;
            if (!ignore.ignores(childPath)) {
                if (name.indexOf('\ufffd') >= 0) {
                    throw bad("a file in " + folder + " has a name that is not UTF-8: " + name, "Rename it.");
                }
                member(child, childPath, depth);
            }
        }
    }

    private void member(Path file, String path, int depth) throws IOException {
        Map<String, Object> status = status(file);
        int mode = (Integer) status.get("mode");
        switch (mode & Cpio.TYPE_MASK) {
            case Cpio.FOLDER -> {
                tree.put(path, new Tree.Folder(mode & 07777, 0, 0));
                folder(file, path, depth + 1);
            }
            case Cpio.FILE -> tree.put(path, content(file, mode, status));
            case Cpio.LINK -> tree.put(path, new Tree.Link(Files.readSymbolicLink(file).toString(), 0, 0));
            default -> throw bad(file + " is a socket, pipe or device, which an image cannot hold",
                    "Remove it or keep it out with .capstanignore.");
        }
    }

    private Tree.File content(Path file, int mode, Map<String, Object> before) throws IOException {
        long size = (Long) before.get("size");
        if (size > Cpio.FILE_BYTES_MAX) {
            throw bad(file + " has " + size + " bytes; a file in an image has less than 4 GiB",
                    "Bring large data on a disk instead.");
        }
        MessageDigest digest = Segments.sha256();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        String sha256 = HexFormat.of().formatHex(digest.digest());
        if (!blobs.has(sha256)) { // read twice only when it is new
            try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
                if (!blobs.put(in, size).sha256().equals(sha256)) {
                    throw changed(file);
                }
            }
        }
        if (!status(file).equals(before)) {
            throw changed(file);
        }
        return new Tree.File(mode & 07777, 0, 0, sha256, size);
    }

    /** What changes when somebody writes or replaces the file. */
    private static Map<String, Object> status(Path file) throws IOException {
        return Files.readAttributes(file, "unix:mode,ino,size,lastModifiedTime,ctime", LinkOption.NOFOLLOW_LINKS);
    }

    private static Failure changed(Path file) {
        return new Failure(Failure.Kind.CONFLICT, file + " changed while it was read",
                "Wait until whatever writes there is done, then compose again.");
    }

    private static Failure bad(String message, String hint) {
        return new Failure(Failure.Kind.BAD_INPUT, message, hint);
    }
}
