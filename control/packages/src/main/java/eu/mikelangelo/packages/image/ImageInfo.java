package eu.mikelangelo.packages.image;

import java.util.ArrayList;
import java.util.List;

/**
 * What {@code mike image inspect} shows.
 *
 * @param size      of the file
 * @param headBytes of the segment that holds the manifest
 * @param unpacked  bytes of all segments unpacked: guest memory that the root file system takes, nearly
 * @param files     members of all segments in order, those of later segments win; empty unless asked for
 */
public record ImageInfo(String path, long size, long headBytes, long unpacked, ImageManifest manifest,
                        List<File> files) {

    /** @param segment index in the manifest's segments; {@code type} 'f', 'd' or 'l' */
    public record File(int segment, String path, String type, String mode, long uid, long gid, long size,
                       String target) { }

    /** Reads the head; with {@code files} the whole image, verified. */
    public static ImageInfo of(ImageFile image, boolean files) {
        long unpacked = image.headBytes();
        for (ImageManifest.Segment segment : image.manifest().segments()) {
            unpacked += segment.unpacked();
        }
        List<File> list = new ArrayList<>();
        if (files) {
            image.visit((segment, entry, content) -> list.add(new File(segment, entry.path(),
                    String.valueOf(entry.type()), Integer.toOctalString(entry.mode()),
                    Integer.toUnsignedLong(entry.uid()), Integer.toUnsignedLong(entry.gid()), entry.size(),
                    entry.target())));
        }
        return new ImageInfo(image.file().toString(), image.size(), image.headBytes(), unpacked, image.manifest(),
                List.copyOf(list));
    }
}
