package eu.mikelangelo.agent.api;

import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * JSON as plain collections: objects are {@code LinkedHashMap<String, Object>}, arrays {@code ArrayList<Object>},
 * integers {@code Long}, other numbers {@code Double}. Jackson's streaming core only: its databinding costs a command
 * line more class loading than the rest of the command. Stateless and thread-safe.
 */
public final class Json {
    /** Nesting allowed in a document from the other side; ours has five levels. */
    private static final int MAX_DEPTH = 32;
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private Json() { }

    /**
     * Parses exactly one value.
     *
     * @throws Failure BAD_INPUT, with line and column
     */
    public static Object parse(String text) {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
            Object value = value(parser, parser.nextToken());
            if (parser.nextToken() != null) {
                throw new Failure(Failure.Kind.BAD_INPUT, "JSON goes on after its first value", "");
            }
            return value;
        } catch (JacksonException e) {
            throw new Failure(Failure.Kind.BAD_INPUT, "not JSON: " + e.getOriginalMessage()
                    + (e.getLocation() == null ? "" : " (line " + e.getLocation().getLineNr() + ", column "
                    + e.getLocation().getColumnNr() + ")"), "", e);
        }
    }

    /** Parses one object; see {@link #parse}. */
    public static Fields object(String text) {
        return Fields.of(parse(text), "the document");
    }

    private static Object value(JsonParser parser, JsonToken token) {
        if (token == null) {
            throw new Failure(Failure.Kind.BAD_INPUT, "the JSON ends early", "");
        }
        return switch (token) {
            case START_OBJECT -> members(parser);
            case START_ARRAY -> elements(parser);
            case VALUE_STRING -> parser.getString();
            case VALUE_NUMBER_INT -> parser.getLongValue();
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> Boolean.TRUE;
            case VALUE_FALSE -> Boolean.FALSE;
            case VALUE_NULL -> null;
            default -> throw new Failure(Failure.Kind.BAD_INPUT, "unexpected " + token + " in JSON", "");
        };
    }

    private static Map<String, Object> members(JsonParser parser) {
        Map<String, Object> members = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            members.put(name, value(parser, parser.nextToken()));
        }
        return members;
    }

    private static List<Object> elements(JsonParser parser) {
        List<Object> elements = new ArrayList<>();
        for (JsonToken token = parser.nextToken(); token != JsonToken.END_ARRAY; token = parser.nextToken()) {
            elements.add(value(parser, token));
        }
        return elements;
    }

    /** One line without blanks; accepts what {@link #parse} returns, and any {@code Number} or {@code Iterable}. */
    public static String write(Object value) {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
            write(generator, value);
        }
        return text.toString();
    }

    private static void write(JsonGenerator generator, Object value) {
        switch (value) {
            case null -> generator.writeNull();
            case Fields fields -> write(generator, fields.members());
            case Map<?, ?> map -> {
                generator.writeStartObject();
                for (Map.Entry<?, ?> member : map.entrySet()) {
                    generator.writeName(String.valueOf(member.getKey()));
                    write(generator, member.getValue());
                }
                generator.writeEndObject();
            }
            case Iterable<?> list -> {
                generator.writeStartArray();
                for (Object element : list) {
                    write(generator, element);
                }
                generator.writeEndArray();
            }
            case Boolean flag -> generator.writeBoolean(flag);
            case Double number -> generator.writeNumber(number);
            case Number number -> generator.writeNumber(number.longValue());
            default -> generator.writeString(value.toString());
        }
    }

    /** Indented by two blanks, for people who ask for {@code --json} on a terminal or in a pipe alike. */
    public static String pretty(Object value) {
        StringBuilder text = new StringBuilder();
        try {
            pretty(text, value instanceof Fields fields ? fields.members() : value, 0);
        } catch (IOException e) {
            throw new IllegalStateException("a StringBuilder does not fail", e);
        }
        return text.toString();
    }

    private static void pretty(Appendable text, Object value, int depth) throws IOException {
        if (value instanceof Map<?, ?> map && !map.isEmpty()) {
            String separator = "{\n";
            for (Map.Entry<?, ?> member : map.entrySet()) {
                text.append(separator).append("  ".repeat(depth + 1)).append(write(member.getKey())).append(": ");
                pretty(text, member.getValue(), depth + 1);
                separator = ",\n";
            }
            text.append('\n').append("  ".repeat(depth)).append('}');
        } else if (value instanceof List<?> list && !list.isEmpty()) {
            String separator = "[\n";
            for (Object element : list) {
                text.append(separator).append("  ".repeat(depth + 1));
                pretty(text, element, depth + 1);
                separator = ",\n";
            }
            text.append('\n').append("  ".repeat(depth)).append(']');
        } else {
            text.append(write(value));
        }
    }
}
