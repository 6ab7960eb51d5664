package eu.mikelangelo.packages.debian;

import java.nio.file.Path;

/**
 * A verified package file. {@code name} is the real package's, also when it was asked for by a virtual or meta name.
 */
public record Deb(String name, String version, String sha256, Path file) { }
