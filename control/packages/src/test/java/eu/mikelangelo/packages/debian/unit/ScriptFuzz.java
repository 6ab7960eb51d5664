package eu.mikelangelo.packages.debian.unit;

import java.nio.charset.StandardCharsets;

/** Fuzz target: a maintainer script is read (never run) in bounded time and memory, whatever it says. */
public final class ScriptFuzz {
    private ScriptFuzz() { }

    public static void fuzzerTestOneInput(byte[] bytes) {
        ScriptReader.read(new String(bytes, StandardCharsets.UTF_8), "configure", "fuzz");
    }
}
