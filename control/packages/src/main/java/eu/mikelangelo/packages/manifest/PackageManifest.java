package eu.mikelangelo.packages.manifest;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code meta/package.yaml}. Texts that are absent are "".
 *
 * @param require names of packages this one needs: folders of one's own, else Debian packages; in order, each once
 * @param binary  Capstan's unused map, kept as it is
 */
public record PackageManifest(String name, String title, String author, String version, List<String> require,
                              Map<String, String> binary, String created, String platform) {
    /** Where it stands below the root of a package. */
    public static final String PATH = "meta/package.yaml";
    static final String NAME = "[A-Za-z0-9][A-Za-z0-9._+-]{0,127}";
    private static final int REQUIRE_MAX = 256;
    private static final List<String> KEYS =
            List.of("name", "title", "author", "version", "require", "binary", "created", "platform");

    /** Reads {@code meta/package.yaml} of the package in {@code root}. */
    public static PackageManifest read(Path root) {
        return of(YamlReader.read(root.resolve(PATH)));
    }

    static PackageManifest of(Yaml yaml) {
        Yaml.Mapping top = yaml.mapping("the manifest");
        top.allowOnly(KEYS, "package.yaml");
        String name = mandatory(top, "name");
        if (!name.matches(NAME)) {
            throw top.get("name").place().expected("a name of letters, digits and . _ + - (at most 128)",
                    "\"" + Names.shown(name) + "\"");
        }
        Map<String, String> binary = new LinkedHashMap<>();
        if (top.get("binary") != null) {
            top.get("binary").textMap("binary").forEach((key, text) -> binary.put(key, text.value()));
        }
        return new PackageManifest(name, mandatory(top, "title"), mandatory(top, "author"), optional(top, "version"),
                require(top.get("require"), name), binary, optional(top, "created"), optional(top, "platform"));
    }

    private static List<String> require(Yaml yaml, String name) {
        List<String> names = new ArrayList<>();
        for (Yaml.Text text : yaml == null ? List.<Yaml.Text>of() : yaml.texts("names of packages")) {
            if (!text.value().matches(NAME)) {
                throw text.place().expected("the name of a package", "\"" + Names.shown(text.value()) + "\"");
            }
            if (text.value().equals(name)) {
                throw text.place().mistake("package " + name + " requires itself", "Remove this line.");
            }
            if (names.size() == REQUIRE_MAX) {
                throw text.place().mistake("more than " + REQUIRE_MAX + " required packages", "");
            }
            if (!names.contains(text.value())) {
                names.add(text.value());
            }
        }
        return List.copyOf(names);
    }

    private static String mandatory(Yaml.Mapping top, String key) {
        Yaml value = top.get(key);
        if (value == null) {
            throw top.place().mistake("key \"" + key + "\" is missing",
                    "package.yaml needs name, title and author, as in \"" + key + ": something\".");
        }
        String text = value.text("a text for " + key);
        if (text.isBlank()) {
            throw value.place().expected("a text for " + key, "an empty one");
        }
        return text;
    }

    private static String optional(Yaml.Mapping top, String key) {
        Yaml value = top.get(key);
        return value == null || value instanceof Yaml.Text text && text.isNull() ? ""
                : value.text("a text for " + key);
    }
}
