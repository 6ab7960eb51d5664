package eu.mikelangelo.agent.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class JsonTest {
    @Test
    void whatIsWrittenParsesToTheSame() {
        Random random = new Random(42);
        for (int i = 0; i < 500; i++) {
            Object value = Map.of("v", random(random, 0));
            assertEquals(value, Json.parse(Json.write(value)));
            assertEquals(value, Json.parse(Json.pretty(value)));
        }
    }

    private static Object random(Random random, int depth) {
        return switch (random.nextInt(depth > 3 ? 4 : 6)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextBoolean();
            case 2 -> random.nextGaussian();
            case 3 -> random.ints(random.nextInt(8), 0, 0x2fff).collect(StringBuilder::new,
                    StringBuilder::appendCodePoint, StringBuilder::append).toString();
            case 4 -> {
                List<Object> list = new ArrayList<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    list.add(random(random, depth + 1));
                }
                yield list;
            }
            default -> {
                Map<String, Object> map = new LinkedHashMap<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    map.put("m" + i, random(random, depth + 1));
                }
                yield map;
            }
        };
    }

    @Test
    void brokenTextIsBadInputWithItsPlace() {
        Failure failure = assertThrows(Failure.class, () -> Json.parse("{\"a\": [1,\n 2"));
        assertEquals(Failure.Kind.BAD_INPUT, failure.kind());
        assertTrue(failure.getMessage().contains("line 2"), failure.getMessage());
        for (String text : new String[] {"", "{} {}", "{\"a\":1,\"a\":2}", "[".repeat(100), "99999999999999999999"}) {
            assertEquals(Failure.Kind.BAD_INPUT, assertThrows(Failure.class, () -> Json.parse(text)).kind(), text);
        }
    }

    /** Cut, doubled and flipped bytes give a value or a Failure, never anything else. */
    @Test
    void mutatedTextNeverThrowsAnythingElse() {
        Random random = new Random(7);
        String sound = "{\"source\":\"memcached\",\"ports\":[\"11211\"],\"memoryMiB\":256,\"env\":{\"A\":\"\\u00e9\"}}";
        for (int i = 0; i < 3000; i++) {
            StringBuilder text = new StringBuilder(sound);
            for (int k = random.nextInt(4); k >= 0; k--) {
                int at = random.nextInt(text.length());
                switch (random.nextInt(3)) {
                    case 0 -> text.setCharAt(at, (char) random.nextInt(256));
                    case 1 -> text.setLength(Math.max(1, at));
                    default -> text.insert(at, text.substring(0, Math.min(text.length(), random.nextInt(20))));
                }
            }
            try {
                Json.parse(text.toString());
            } catch (Failure failure) {
                assertEquals(Failure.Kind.BAD_INPUT, failure.kind());
            }
        }
    }

    @Test
    void fieldsNameWhatIsWrong() {
        Fields fields = Json.object("{\"n\":70000,\"s\":1,\"l\":[1],\"b\":\"yes\",\"nothing\":null}");
        assertTrue(message(() -> fields.integer("n", 0, 1, 65535)).contains("\"n\" is 70000"));
        assertTrue(message(() -> fields.string("s", "")).contains("\"s\" must be a string"));
        assertTrue(message(() -> fields.strings("l")).contains("list of strings"));
        assertTrue(message(() -> fields.flag("b")).contains("true or false"));
        assertTrue(message(() -> fields.required("absent")).contains("\"absent\" is missing"));
        assertTrue(message(() -> fields.only(java.util.Set.of("n"))).contains("is not known here"));
        assertEquals("x", fields.string("nothing", "x"));
    }

    private static String message(org.junit.jupiter.api.function.Executable executable) {
        return assertThrows(Failure.class, executable).getMessage();
    }
}
