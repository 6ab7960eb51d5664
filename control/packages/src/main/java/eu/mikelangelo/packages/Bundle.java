package eu.mikelangelo.packages;

import java.util.List;

/**
 * What an importer makes of a name or a folder: a tree and how to start it.
 *
 * @param name     what the user calls it, also the default machine name
 * @param version  of the main package, "" if none
 * @param sources  where each part came from, in the order of resolution
 * @param warnings what the user should know (a maintainer script we did not understand, a missing suggestion)
 */
public record Bundle(String name, String version, Tree tree, Start start, List<Source> sources,
                     List<String> warnings) {

    /** @param kind "debian", "folder" or "recipe"; {@code sha256} of the archive or of the manifest */
    public record Source(String kind, String name, String version, String sha256) { }
}
