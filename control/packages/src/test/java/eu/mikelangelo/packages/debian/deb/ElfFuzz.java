package eu.mikelangelo.packages.debian.deb;

import java.nio.ByteBuffer;

/** Fuzz target: an ELF file of a package is understood or found to be none; it never throws. */
public final class ElfFuzz {
    private ElfFuzz() { }

    public static void fuzzerTestOneInput(byte[] bytes) {
        Elf.parse(ByteBuffer.wrap(bytes));
    }
}
