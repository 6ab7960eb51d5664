package eu.mikelangelo.packages.debian.apt;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads sources.list(5) in both its formats. What it cannot use (other schemes, other architectures) becomes a note.
 */
final class SourcesFile {
    private final String architecture;
    private final Path root;
    private final List<Path> defaultKeys;
    private final boolean checkValidUntil;
    private final List<AptSource> sources = new ArrayList<>();
    private final List<String> notes;

    /** @param root of the host's file system, against which key paths are resolved (another one in tests) */
    SourcesFile(String architecture, Path root, List<Path> defaultKeys, boolean checkValidUntil, List<String> notes) {
        this.architecture = architecture;
        this.root = root;
        this.defaultKeys = defaultKeys;
        this.checkValidUntil = checkValidUntil;
        this.notes = notes;
    }

    List<AptSource> sources() {
        return sources;
    }

    /** Adds the sources of one file; the format shows in its first line of content. */
    void add(String name, String text) {
        String first = text.lines().map(String::strip).filter(l -> !l.isEmpty() && !l.startsWith("#"))
                .findFirst().orElse("");
        try {
            if (first.matches("[A-Za-z-]+:.*") && !first.startsWith("deb ")) {
                for (Map<String, String> stanza : Stanzas.all(text)) {
                    stanza(name, stanza);
                }
            } else {
                text.lines().forEach(line -> oneLine(name, line));
            }
        } catch (IOException e) {
            notes.add(name + " is not a sources file: " + e.getMessage());
        }
    }

    private void oneLine(String name, String line) {
        String plain = line.replaceFirst("(^|\\s)#.*", "").strip();
        if (!plain.matches("deb\\s.*")) {
            return;
        }
        plain = plain.substring(3).strip();
        Map<String, String> options = new TreeMap<>();
        if (plain.startsWith("[")) {
            int end = plain.indexOf(']');
            if (end < 0) {
                notes.add(name + ": no ] in: " + line);
                return;
            }
            for (String option : plain.substring(1, end).strip().split("\\s+")) {
                int equals = option.indexOf('=');
                if (equals > 0) {
                    options.put(option.substring(0, equals).toLowerCase(Locale.ROOT), option.substring(equals + 1));
                }
            }
            plain = plain.substring(end + 1).strip();
        }
        String[] words = plain.split("\\s+");
        if (words.length < 2) {
            notes.add(name + ": expected \"deb URI SUITE COMPONENT…\", found: " + line);
            return;
        }
        options.put("architectures", options.getOrDefault("arch", "").replace(',', ' '));
        String signedBy = options.getOrDefault("signed-by", "").replace(',', ' ');
        one(name, words[0], words[1], Arrays.asList(words).subList(2, words.length), options, signedBy);
    }

    private void stanza(String name, Map<String, String> stanza) {
        if (no(stanza.getOrDefault("enabled", "yes"))
                || !words(stanza.getOrDefault("types", "")).contains("deb")) {
            return;
        }
        for (String uri : words(stanza.getOrDefault("uris", ""))) {
            for (String suite : words(stanza.getOrDefault("suites", ""))) {
                one(name, uri, suite, words(stanza.getOrDefault("components", "")), stanza,
                        stanza.getOrDefault("signed-by", ""));
            }
        }
    }

    private void one(String name, String uri, String suite, List<String> components, Map<String, String> options,
                     String signedBy) {
        List<String> architectures = words(options.getOrDefault("architectures", ""));
        if (!architectures.isEmpty() && !architectures.contains(architecture)) {
            return;
        }
        if (!uri.matches("(https?|file):.*")) {
            notes.add(name + ": cannot use " + uri + " (only http, https and file)");
            return;
        }
        String place = suite.replace("$(ARCH)", architecture);
        if (place.contains("..") || components.isEmpty() != place.endsWith("/")) {
            notes.add(name + ": a suite needs components, a flat archive's suite ends in /: " + uri + " " + suite);
            return;
        }
        String base = uri.replace("$(ARCH)", architecture).replaceFirst("/+$", "");
        boolean check = options.containsKey("check-valid-until")
                ? !no(options.get("check-valid-until")) : checkValidUntil;
        boolean trusted = options.containsKey("trusted") && !no(options.get("trusted"));
        String embedded = signedBy.contains("-----BEGIN PGP") ? signedBy.strip() : "";
        List<Path> files = new ArrayList<>();
        List<String> fingerprints = new ArrayList<>();
        if (embedded.isEmpty()) {
            for (String word : words(signedBy)) {
                if (word.startsWith("/")) {
                    files.add(root.resolve(word.substring(1)));
                } else {
                    fingerprints.add(word.replaceFirst("!$", "").toUpperCase(Locale.ROOT));
                }
            }
        }
        sources.add(new AptSource(base, place, List.copyOf(components), embedded.isEmpty() && files.isEmpty()
                ? defaultKeys : List.copyOf(files), embedded, List.copyOf(fingerprints), trusted, check));
    }

    private static boolean no(String value) {
        return value.matches("(?i)no|false|0|off|without|disable");
    }

    private static List<String> words(String text) {
        return text.isBlank() ? List.of() : List.of(text.strip().split("\\s+"));
    }
}
