package eu.mikelangelo.packages.debian;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.debian.apt.Fetcher;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The recipe folders: ours, and before it the one that MIKE_RECIPES names. Read anew each time: they are a few files.
 */
final class Recipes {
    private static final int MAX_FILE = 256 << 10;
    private static final int MAX_FILES = 1_000;
    private static final Pattern ALIASES = Pattern.compile("(?m)^aliases:\\s*\\[([^\\]\n]*)\\]");
    private final List<Path> folders;

    Recipes(List<Path> folders) {
        this.folders = folders;
    }

    /** The texts by name, the earlier folder's first. */
    private Map<String, Path> files() throws IOException {
        Map<String, Path> files = new LinkedHashMap<>();
        for (Path folder : folders) {
            if (!Files.isDirectory(folder)) {
                continue;
            }
            List<Path> found = new ArrayList<>();
            try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, "*.yaml")) {
                stream.forEach(found::add);
            }
            found.sort(null);
            for (Path file : found.subList(0, Math.min(found.size(), MAX_FILES))) {
                files.putIfAbsent(file.getFileName().toString().replaceFirst("\\.yaml$", ""), file);
            }
        }
        return files;
    }

    /** A digest over all recipes: when it changes, any name may mean something else. */
    String digest() {
        try {
            StringBuilder all = new StringBuilder();
            for (Map.Entry<String, Path> file : files().entrySet()) {
                all.append(file.getKey()).append('\n').append(text(file.getValue())).append('\0');
            }
            return Fetcher.digest(all.toString());
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /** The recipe of this name or alias, or null; and its text, for the fingerprint. */
    Found find(String name) {
        try {
            Map<String, Path> files = files();
            Path own = files.get(name);
            if (own != null) {
                return found(name, own);
            }
            for (Map.Entry<String, Path> file : files.entrySet()) {
                Matcher aliases = ALIASES.matcher(text(file.getValue()));
                if (aliases.find() && List.of(aliases.group(1).split("[\\s,\"']+")).contains(name)) {
                    return found(file.getKey(), file.getValue());
                }
            }
            return null;
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /** A recipe not parsed yet: the YAML library takes longer to load than a warm import may. */
    record Found(String name, String file, String text) {
        String digest() {
            return Fetcher.digest(text);
        }

        Recipe recipe() {
            return Recipe.parse(name, file, text);
        }
    }

    private static Found found(String name, Path file) throws IOException {
        return new Found(name, file.toString(), text(file));
    }

    private static String text(Path file) throws IOException {
        if (Files.size(file) > MAX_FILE) {
            throw new IOException(file + " is larger than " + MAX_FILE + " bytes");
        }
        return Files.readString(file);
    }

    private static Failure unreadable(IOException e) {
        return new Failure(Failure.Kind.BAD_INPUT, "cannot read the recipes: " + e.getMessage(),
                "Is MIKE_RECIPES a folder of NAME.yaml files?", e);
    }
}
