package eu.mikelangelo.packages.debian;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.Start;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * What we know about a package that its own files do not say; the format is in packages/recipes/README.md. All fields
 * may be empty; then the package's own unit decides.
 *
 * @param packages packages whose files make the tree; the first is the main one
 * @param user     name, or "" for the unit's
 */
record Recipe(String name, List<String> packages, List<String> aliases, List<String> args, List<Pre> pre,
              Map<String, String> env, String user, String workdir, Boolean forking, List<FolderSpec> folders,
              List<Start.Port> ports, List<String> add, List<String> drop, List<FileSpec> files) {

    /** @param user who runs it, "" for root */
    record Pre(List<String> words, String user) { }

    record FolderSpec(String path, int mode, String owner) { }

    /** @param owner "user" or "user:group", "" for root */
    record FileSpec(String path, String content, int mode, String owner) { }

    /** Reads YAML. @throws Failure BAD_INPUT naming the file, line and what was expected */
    static Recipe parse(String name, String file, String yaml) {
        try {
            return new Reader(file, new YAMLMapper().readValue(yaml, Map.class)).recipe(name);
        } catch (JacksonException e) {
            String where = e.getLocation() == null ? "" : " line " + e.getLocation().getLineNr() + " column "
                    + e.getLocation().getColumnNr();
            throw new Failure(Failure.Kind.BAD_INPUT, file + where + " is not YAML: " + e.getOriginalMessage(),
                    "packages/recipes/README.md shows the format.", e);
        }
    }

    private record Reader(String file, Map<?, ?> map) {
        Recipe recipe(String name) {
            if (map == null) {
                throw bad("it is empty");
            }
            List<String> known = List.of("package", "aliases", "args", "pre", "env", "user", "workdir", "forking",
                    "folders", "ports", "add", "drop", "files");
            for (Object key : map.keySet()) {
                if (!known.contains(String.valueOf(key))) {
                    throw bad("unknown key " + key + "; known are " + String.join(", ", known));
                }
            }
            List<String> packages = words("package", map.get("package") == null ? name : map.get("package"));
            Map<String, String> env = new LinkedHashMap<>();
            mapping("env", map.get("env")).forEach((k, v) -> env.put(String.valueOf(k), String.valueOf(v)));
            return new Recipe(name, packages, words("aliases", map.get("aliases")), words("args", map.get("args")),
                    pres(), env, text("user"), text("workdir"), map.get("forking") == null ? null
                    : Boolean.valueOf(text("forking")), folders(), ports(), words("add", map.get("add")),
                    words("drop", map.get("drop")), files());
        }

        private List<Pre> pres() {
            List<Pre> pres = new ArrayList<>();
            for (Object one : list("pre", map.get("pre"))) {
                if (one instanceof Map<?, ?> with) {
                    pres.add(new Pre(words("pre.args", with.get("args")), string(with.get("user"))));
                } else {
                    pres.add(new Pre(words("pre", one), ""));
                }
            }
            return pres;
        }

        private List<FolderSpec> folders() {
            List<FolderSpec> folders = new ArrayList<>();
            mapping("folders", map.get("folders")).forEach((path, spec) -> {
                String[] words = string(spec).strip().split("\\s+");
                folders.add(new FolderSpec(absolute(path), mode(words[0]), words.length > 1 ? words[1] : ""));
            });
            return folders;
        }

        private List<FileSpec> files() {
            List<FileSpec> files = new ArrayList<>();
            mapping("files", map.get("files")).forEach((path, spec) -> {
                if (spec instanceof Map<?, ?> with) {
                    files.add(new FileSpec(absolute(path), string(with.get("content")),
                            mode(with.get("mode") == null ? "0644" : string(with.get("mode"))),
                            string(with.get("owner"))));
                } else {
                    files.add(new FileSpec(absolute(path), string(spec), 0644, ""));
                }
            });
            return files;
        }

        private List<Start.Port> ports() {
            List<Start.Port> ports = new ArrayList<>();
            for (String word : words("ports", map.get("ports"))) {
                if (!word.matches("[0-9]{1,5}(/udp|/tcp)?")) {
                    throw bad("a port is NUMBER or NUMBER/udp, not " + word);
                }
                ports.add(new Start.Port(word.endsWith("/udp") ? "udp" : "tcp",
                        Integer.parseInt(word.replaceFirst("/.*", ""))));
            }
            return ports;
        }

        private int mode(String text) {
            if (!text.matches("[0-7]{3,5}")) {
                throw bad("a mode is three or four octal digits in quotes, not " + text);
            }
            return Integer.parseInt(text, 8);
        }

        private String absolute(Object path) {
            String text = string(path);
            if (!text.startsWith("/") || text.contains("..")) {
                throw bad("an absolute path was expected, not " + text);
            }
            return text;
        }

        private String text(String key) {
            return string(map.get(key));
        }

        private static String string(Object value) {
            return value == null ? "" : String.valueOf(value);
        }

        private List<?> list(String key, Object value) {
            if (value == null) {
                return List.of();
            }
            if (!(value instanceof List<?> list)) {
                throw bad(key + " must be a list");
            }
            return list;
        }

        /** A list of texts; a single text is split at blanks. */
        private List<String> words(String key, Object value) {
            if (value instanceof String || value instanceof Number) {
                return List.of(string(value).strip().split("\\s+"));
            }
            return list(key, value).stream().map(Reader::string).toList();
        }

        private Map<?, ?> mapping(String key, Object value) {
            if (value == null) {
                return Map.of();
            }
            if (!(value instanceof Map<?, ?> mapping)) {
                throw bad(key + " must be a mapping");
            }
            return mapping;
        }

        private Failure bad(String what) {
            return new Failure(Failure.Kind.BAD_INPUT, file + ": " + what,
                    "packages/recipes/README.md shows the format.");
        }
    }
}
