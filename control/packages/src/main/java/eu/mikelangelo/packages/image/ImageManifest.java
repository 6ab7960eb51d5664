package eu.mikelangelo.packages.image;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.Bundle;
import eu.mikelangelo.packages.Start;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What an image says about itself, in its first segment ({@code mike/manifest.json}). Equal inputs give equal text:
 * there is no time in it.
 *
 * @param schema   {@link #SCHEMA}
 * @param name     what the user calls it, also the default machine name
 * @param version  of the application, "" if none
 * @param flavour  "linux"
 * @param machine  the processor, "x86_64"
 * @param sources  where each part came from
 * @param warnings what the importer wanted the user to know
 * @param segments what follows the first segment, in order
 */
public record ImageManifest(String schema, String name, String version, String flavour, String machine, Kernel kernel,
                            Start start, List<Bundle.Source> sources, List<String> warnings, List<Segment> segments) {
    public static final String SCHEMA = "mikelangelo-image/1";
    static final int BYTES_MAX = 4 << 20;
    static final int SEGMENTS_MAX = 64;
    /** Of one segment, packed or unpacked: it has to fit into a machine's memory. */
    static final long SIZE_MAX = 16L << 30;
    private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /**
     * The kernel it was made for.
     *
     * @param sha256  of vmlinuz, by which the store names it; {@code size} in bytes
     * @param elf     the same kernel unpacked, which boots faster (PVH); null when there is none
     * @param release what {@code uname -r} says
     */
    public record Kernel(String sha256, long size, Elf elf, String packageName, String version, String debSha256,
                         String release) {
        public Kernel {
            digest(sha256);
            Objects.requireNonNull(packageName);
            Objects.requireNonNull(version);
            Objects.requireNonNull(release);
        }
    }

    public record Elf(String sha256, long size) {
        public Elf {
            digest(sha256);
        }
    }

    /**
     * @param kind        "config" (mike/image), "system" (init and modules), "tree" (the application, lower layers
     *                    first)
     * @param compression "none" or "zstd"
     * @param size        bytes in the file; zeros up to a multiple of 4 follow
     * @param sha256      of these bytes without the zeros
     * @param unpacked    bytes of the archive
     * @param members     files, folders and links in it
     */
    public record Segment(String kind, String compression, long size, String sha256, long unpacked, long members) {
        public Segment {
            digest(sha256);
            if (!kind.matches("config|system|tree") || !compression.matches("none|zstd")) {
                throw new IllegalArgumentException("a segment of kind " + kind + ", compression " + compression);
            }
            boolean plain = compression.equals("none");
            if (size < 4 || size > SIZE_MAX || unpacked < 4 || unpacked > SIZE_MAX || members < 0
                    || plain && size != unpacked) {
                throw new IllegalArgumentException("a segment of " + size + " bytes, " + unpacked + " unpacked");
            }
        }

        /** Bytes that it takes in the file, with the zeros behind it. */
        long stored() {
            return size + Cpio.padding(size);
        }
    }

    public ImageManifest {
        Objects.requireNonNull(name);
        Objects.requireNonNull(version);
        Objects.requireNonNull(kernel);
        Objects.requireNonNull(start);
        if (!SCHEMA.equals(schema)) {
            throw new IllegalArgumentException("schema " + schema);
        }
        if (!"linux".equals(flavour) || !"x86_64".equals(machine)) {
            throw new IllegalArgumentException("flavour " + flavour + " for " + machine);
        }
        sources = List.copyOf(sources);
        warnings = List.copyOf(warnings);
        segments = List.copyOf(segments);
        if (segments.isEmpty() || segments.size() > SEGMENTS_MAX) {
            throw new IllegalArgumentException(segments.size() + " segments");
        }
    }

    /** The manifest as it stands in the image. */
    public byte[] json() {
        return (JSON.writeValueAsString(this) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** @throws Failure UNTRUSTED, or BAD_INPUT for a schema of another time */
    static ImageManifest parse(byte[] json, String where) {
        try {
            JsonNode tree = JSON.readTree(json);
            String schema = tree.path("schema").asString("");
            if (!schema.equals(SCHEMA)) {
                throw new Failure(Failure.Kind.BAD_INPUT, where + " is an image of schema \"" + schema
                        + "\"; this program reads \"" + SCHEMA + "\"", "Compose it again with this program.");
            }
            return JSON.treeToValue(tree, ImageManifest.class);
        } catch (JacksonException | IllegalArgumentException | NullPointerException e) {
            throw new Failure(Failure.Kind.UNTRUSTED, where + " has a manifest that does not hold together: "
                    + firstLine(e), "The file is damaged or was not made by `mike compose`.", e);
        }
    }

    private static String firstLine(Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof NullPointerException) {
                return "a value is missing";
            }
        }
        String text = e instanceof JacksonException json ? json.getOriginalMessage() : String.valueOf(e.getMessage());
        return text.lines().findFirst().orElse(e.getClass().getSimpleName());
    }

    private static void digest(String sha256) {
        if (sha256 == null || !sha256.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("not a sha256: " + sha256);
        }
    }
}
