package eu.mikelangelo.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DurableTest {
    @TempDir
    Path folder;

    @Test
    void replacesAFileAndKeepsItPrivate() throws IOException {
        Path file = folder.resolve("state.json");
        Durable.write(file, "old");
        Durable.write(file, "new");
        assertEquals("new", Files.readString(file));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(file), left.toList(), "a temporary file was left behind");
        }
    }

    @Test
    void aFailedWriteLeavesTheOldFile() throws IOException {
        Path file = folder.resolve("missing-folder").resolve("state.json");
        assertThrows(IOException.class, () -> Durable.write(file, "new"));
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void privateFoldersAreForTheirOwnerOnly() throws IOException {
        Path made = Durable.privateFolder(folder.resolve("a/b"));
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(made)));
        assertEquals(made, Durable.privateFolder(made));
    }

    @Test
    void whatAKilledWriterLeftIsSwept() throws Exception {
        java.nio.file.Files.writeString(folder.resolve(".a.1.tmp"), "half");
        java.nio.file.Files.writeString(folder.resolve("a"), "whole");
        Durable.sweep(folder);
        Durable.sweep(folder.resolve("absent"));
        try (var left = java.nio.file.Files.list(folder)) {
            org.junit.jupiter.api.Assertions.assertEquals(java.util.List.of(folder.resolve("a")), left.toList());
        }
    }
}
