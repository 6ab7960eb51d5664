package eu.mikelangelo.packages.image;

import java.nio.file.Path;
import java.util.List;

/**
 * An image that is ready in the store.
 *
 * @param name     its name there
 * @param warnings what the user should know: the manifest's, and what happened while it was composed
 * @param warm     the same inputs had given this image before
 */
public record Composed(String name, String digest, Path file, long size, ImageManifest manifest,
                       List<String> warnings, boolean warm) { }
