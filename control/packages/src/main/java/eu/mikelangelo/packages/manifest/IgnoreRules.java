package eu.mikelangelo.packages.manifest;

import eu.mikelangelo.packages.Storage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code .capstanignore}: one pattern a line, from the package's root. {@code *} is any run of characters but
 * {@code /}, {@code /**&#47;} any depth, a trailing {@code /*} everything beneath while the folder stays. What matches
 * is left out, folders with all they hold. Some things are left out always: {@code meta}, version control, volumes.
 */
public final class IgnoreRules {
    private static final String FILE = ".capstanignore";
    private static final int BYTES_MAX = 64 * 1024;
    private static final int RULES_MAX = 1000;
    private static final List<String> ALWAYS = List.of("/meta", "/mpm-pkg", "/.git", "/.capstanignore",
            "/.gitignore", "/volumes");
    private final List<Glob> rules = new ArrayList<>();

    private IgnoreRules() {
        ALWAYS.forEach(rule -> rules.add(new Glob(rule)));
    }

    /** The rules of the package in {@code root}; only those that hold always when it has no file. */
    public static IgnoreRules read(Path root) {
        Path file = root.resolve(FILE);
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(BYTES_MAX + 1);
            if (bytes.length > BYTES_MAX) {
                throw new Yaml.Place(file.toString(), 1, 1).mistake("more than " + BYTES_MAX + " bytes", "");
            }
            return of(file.toString(), new String(bytes, StandardCharsets.UTF_8));
        } catch (NoSuchFileException e) {
            return new IgnoreRules();
        } catch (IOException e) {
            throw Storage.failure("read " + file, e);
        }
    }

    static IgnoreRules of(String file, String text) {
        IgnoreRules result = new IgnoreRules();
        int number = 0;
        for (String line : text.split("\n")) {
            Yaml.Place place = new Yaml.Place(file, ++number, 1);
            String rule = line.strip();
            if (rule.isEmpty() || rule.startsWith("#")) {
                continue;
            }
            if (!rule.startsWith("/")) {
                throw place.expected("a pattern that begins with /", "\"" + Names.shown(rule) + "\"");
            }
            if (rule.length() > 1 && rule.endsWith("/")) {
                rule = rule.substring(0, rule.length() - 1);
            }
            if (rule.equals("/meta")) {
                throw place.mistake("/meta cannot be ignored, run.yaml is there",
                        "Remove the line; meta never becomes part of an image.");
            }
            if (result.rules.size() > RULES_MAX) {
                throw place.mistake("more than " + RULES_MAX + " patterns", "");
            }
            result.rules.add(new Glob(rule));
        }
        return result;
    }

    /** Whether the path (absolute from the package's root, as {@code /bin/x}) stays out of the image. */
    public boolean ignores(String path) {
        for (Glob rule : rules) {
            if (rule.matches(path)) {
                return true;
            }
        }
        return false;
    }
}
