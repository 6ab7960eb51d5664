package eu.mikelangelo.tidy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The tracked (and not yet ignored) files of this repository, as git lists them. */
final class Repository {
    static final Path ROOT = root();

    private Repository() { }

    /** A text file: its path relative to the root, with '/', and its lines. */
    record Source(String path, List<String> lines) {
        String text() {
            return String.join("\n", lines);
        }
    }

    static List<String> paths() {
        try {
            Process git = new ProcessBuilder("git", "ls-files", "--cached", "--others", "--exclude-standard")
                    .directory(ROOT.toFile()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            String out = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (git.waitFor() != 0 || out.isBlank()) {
                throw new IllegalStateException("git ls-files failed in " + ROOT);
            }
            return out.lines().filter(path -> Files.isRegularFile(ROOT.resolve(path))).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The files whose path matches the regular expression, read as UTF-8. */
    static List<Source> sources(String regex) {
        return paths().stream().filter(path -> path.matches(regex)).map(Repository::read).toList();
    }

    static Source read(String path) {
        try {
            return new Source(path, Files.readAllLines(ROOT.resolve(path), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(path, e);
        }
    }

    private static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("ARCHITECTURE.md"))) {
            folder = folder.getParent();
        }
        return folder;
    }
}
