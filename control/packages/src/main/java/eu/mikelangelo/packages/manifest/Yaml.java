package eu.mikelangelo.packages.manifest;

import eu.mikelangelo.base.Failure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A value of a YAML file that knows where it stands, so that a mistake in it can be shown. */
sealed interface Yaml {
    Place place();

    /** Lines and columns count from 1. */
    record Place(String file, int line, int column) {
        Failure expected(String expectation, String found) {
            return mistake("expected " + expectation + ", found " + found, "");
        }

        Failure mistake(String what, String hint) {
            return new Failure(Failure.Kind.BAD_INPUT, file + ", line " + line + ", column " + column + ": " + what,
                    hint);
        }
    }

    /** Any scalar, as it was written; {@code isNull} for nothing, ~ or null. */
    record Text(Place place, String value, boolean isNull) implements Yaml { }

    record Sequence(Place place, List<Yaml> items) implements Yaml { }

    /** In the order of the file. */
    record Mapping(Place place, Map<String, Field> fields) implements Yaml {
        Yaml get(String key) {
            Field field = fields.get(key);
            return field == null ? null : field.value();
        }

        /** Refuses a key that is not one of these, and names the nearest. */
        void allowOnly(List<String> keys, String what) {
            for (Map.Entry<String, Field> field : fields.entrySet()) {
                if (!keys.contains(field.getKey())) {
                    String nearest = Names.nearest(field.getKey(), keys);
                    throw field.getValue().place().mistake("unknown key \"" + Names.shown(field.getKey()) + "\" in "
                            + what + (nearest == null ? "" : "; did you mean \"" + nearest + "\"?"),
                            "Known keys: " + String.join(", ", keys) + ".");
                }
            }
        }
    }

    /** @param place of the key */
    record Field(Place place, Yaml value) { }

    /** What it is, for a message. */
    default String kind() {
        return switch (this) {
            case Text text -> text.isNull() ? "nothing" : "\"" + Names.shown(text.value()) + "\"";
            case Sequence sequence -> "a list";
            case Mapping mapping -> "a mapping";
        };
    }

    default Mapping mapping(String what) {
        if (this instanceof Mapping mapping) {
            return mapping;
        }
        throw place().expected(what + " as a mapping (key: value lines)", kind());
    }

    default String text(String what) {
        if (this instanceof Text text && !text.isNull()) {
            return text.value();
        }
        throw place().expected(what, kind());
    }

    /** A list of texts; a single text counts as a list of one, nothing as an empty one. */
    default List<Text> texts(String what) {
        if (this instanceof Text text) {
            return text.isNull() ? List.of() : List.of(text);
        }
        if (!(this instanceof Sequence sequence)) {
            throw place().expected("a list of " + what, kind());
        }
        List<Text> texts = new ArrayList<>();
        for (Yaml item : sequence.items()) {
            if (!(item instanceof Text text) || text.isNull()) {
                throw item.place().expected(what, item.kind());
            }
            texts.add(text);
        }
        return texts;
    }

    /** A mapping of texts; nothing counts as an empty one. */
    default Map<String, Text> textMap(String what) {
        if (this instanceof Text text && text.isNull()) {
            return Map.of();
        }
        Map<String, Text> result = new LinkedHashMap<>();
        mapping(what).fields().forEach((key, field) -> {
            if (!(field.value() instanceof Text text)) {
                throw field.value().place().expected("a text for " + key, field.value().kind());
            }
            result.put(key, text);
        });
        return result;
    }
}
