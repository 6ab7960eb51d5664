package eu.mikelangelo.packages.manifest;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.Storage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLParser;

/**
 * Reads a small YAML file as text values with their places. Bounded: {@link #BYTES_MAX} bytes, {@link #DEPTH_MAX}
 * levels, {@link #VALUES_MAX} values. Aliases are refused, so a file cannot grow in memory; so are a second document
 * and a key that stands twice.
 */
final class YamlReader {
    static final int BYTES_MAX = 256 * 1024;
    static final int DEPTH_MAX = 16;
    static final int VALUES_MAX = 20_000;
    private static final YAMLFactory FACTORY = new YAMLFactory();
    private final String file;
    private final YAMLParser parser;
    private int values;

    private YamlReader(String file, YAMLParser parser) {
        this.file = file;
        this.parser = parser;
    }

    /** The file's only document; a mapping without keys when it is empty. */
    static Yaml read(Path file) {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(BYTES_MAX + 1);
        } catch (IOException e) {
            throw Storage.failure("read " + file, e);
        }
        return read(file.toString(), bytes);
    }

    static Yaml read(String file, byte[] bytes) {
        Yaml.Place start = new Yaml.Place(file, 1, 1);
        if (bytes.length > BYTES_MAX) {
            throw start.mistake("the file has more than " + BYTES_MAX + " bytes", "A manifest is a short text.");
        }
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw start.mistake("the file is not UTF-8 text", "");
        }
        try (YAMLParser parser = (YAMLParser) FACTORY.createParser(ObjectReadContext.empty(), text)) {
            return new YamlReader(file, parser).document();
        } catch (JacksonException e) {
            throw notYaml(start, e);
        } catch (Failure e) {
            throw e;
        } catch (RuntimeException | StackOverflowError e) {
            // Whatever the parser under the parser throws is the file's fault, not ours.
            throw start.mistake("not YAML: " + firstLine(String.valueOf(e.getMessage())), "");
        }
    }

    /** The parser says where it began ("context") and where it stumbled ("problem"); a person wants the latter. */
    private static Failure notYaml(Yaml.Place start, JacksonException e) {
        String what = e.getOriginalMessage();
        Yaml.Place place = start;
        TokenStreamLocation at = e.getLocation();
        if (e.getCause() instanceof MarkedYamlEngineException marked && marked.getProblemMark().isPresent()) {
            Mark mark = marked.getProblemMark().get();
            what = marked.getProblem();
            place = new Yaml.Place(start.file(), mark.getLine() + 1, mark.getColumn() + 1);
        } else if (at != null && at.getLineNr() > 0) {
            place = new Yaml.Place(start.file(), at.getLineNr(), Math.max(1, at.getColumnNr()));
        }
        return place.mistake("not YAML: " + firstLine(what),
                "Check indentation (blanks, no tabs), quotes and brackets there.");
    }

    private Yaml document() {
        if (parser.nextToken() == null) {
            return new Yaml.Mapping(new Yaml.Place(file, 1, 1), Map.of());
        }
        Yaml value = value(0);
        if (parser.nextToken() != null) {
            throw place().mistake("a second document", "A manifest is one document; remove what follows \"---\".");
        }
        return value;
    }

    private Yaml value(int depth) {
        Yaml.Place place = place();
        if (++values > VALUES_MAX) {
            throw place.mistake("more than " + VALUES_MAX + " values", "A manifest is a short text.");
        }
        if (depth > DEPTH_MAX) {
            throw place.mistake("more than " + DEPTH_MAX + " levels", "No key of a manifest is that deep.");
        }
        if (parser.isCurrentAlias()) {
            throw place.mistake("an alias (*name)", "Aliases are not supported: write the value out.");
        }
        return switch (parser.currentToken()) {
            case START_OBJECT -> mapping(place, depth);
            case START_ARRAY -> sequence(place, depth);
            case VALUE_NULL -> new Yaml.Text(place, "", true);
            default -> new Yaml.Text(place, parser.getString(), false);
        };
    }

    private Yaml mapping(Yaml.Place place, int depth) {
        Map<String, Yaml.Field> fields = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            Yaml.Place keyPlace = place();
            String key = parser.currentName();
            parser.nextToken();
            Yaml.Field old = fields.put(key, new Yaml.Field(keyPlace, value(depth + 1)));
            if (old != null) {
                throw keyPlace.mistake("key \"" + Names.shown(key) + "\" stands twice, first in line "
                        + old.place().line(), "Remove one of them.");
            }
        }
        return new Yaml.Mapping(place, fields);
    }

    private Yaml sequence(Yaml.Place place, int depth) {
        List<Yaml> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            items.add(value(depth + 1));
        }
        return new Yaml.Sequence(place, items);
    }

    private Yaml.Place place() {
        TokenStreamLocation at = parser.currentTokenLocation();
        return new Yaml.Place(file, Math.max(1, at.getLineNr()), Math.max(1, at.getColumnNr()));
    }

    private static String firstLine(String text) {
        return text == null ? "it cannot be parsed" : text.lines().findFirst().orElse("it cannot be parsed");
    }
}
