package eu.mikelangelo.packages;

import java.nio.file.Path;

/**
 * A binary package that was downloaded and checked against the signed index.
 *
 * @param sha256 of the file, lower-case hexadecimal
 * @param file   the archive, read-only for whoever gets it
 */
public record Deb(String name, String version, String sha256, Path file) { }
