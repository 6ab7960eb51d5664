package eu.mikelangelo.agent.api;

import eu.mikelangelo.base.Failure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A JSON object read with expectations: an accessor returns the member or the given default, and a member of another
 * type is BAD_INPUT with its name. Null counts as absent.
 */
public record Fields(Map<String, Object> members) {

    /** The value as an object; {@code what} names it in the error. */
    public static Fields of(Object value, String what) {
        if (!(value instanceof Map<?, ?> map)) {
            throw new Failure(Failure.Kind.BAD_INPUT, what + " must be a JSON object", "");
        }
        Map<String, Object> members = new LinkedHashMap<>();
        map.forEach((name, member) -> members.put((String) name, member));
        return new Fields(members);
    }

    public static Fields empty() {
        return new Fields(Map.of());
    }

    /** Fails on members outside {@code known}: a misspelt option must not be ignored. */
    public Fields only(Set<String> known) {
        for (String name : members.keySet()) {
            if (!known.contains(name)) {
                throw bad(name, "is not known here; known are " + String.join(", ", known.stream().sorted().toList()));
            }
        }
        return this;
    }

    public boolean has(String name) {
        return members.get(name) != null;
    }

    public String string(String name, String otherwise) {
        return switch (members.get(name)) {
            case null -> otherwise;
            case String text -> text;
            default -> throw bad(name, "must be a string");
        };
    }

    /** A member that must be there and not empty. */
    public String required(String name) {
        String text = string(name, "");
        if (text.isEmpty()) {
            throw bad(name, "is missing");
        }
        return text;
    }

    public long integer(String name, long otherwise) {
        return switch (members.get(name)) {
            case null -> otherwise;
            case Long number -> number;
            case Integer number -> number;
            default -> throw bad(name, "must be an integer");
        };
    }

    /** An integer within bounds, both inclusive. */
    public long integer(String name, long otherwise, long least, long most) {
        long number = integer(name, otherwise);
        if (has(name) && (number < least || number > most)) {
            throw bad(name, "is " + number + "; it must be between " + least + " and " + most);
        }
        return number;
    }

    public boolean flag(String name) {
        return switch (members.get(name)) {
            case null -> false;
            case Boolean flag -> flag;
            default -> throw bad(name, "must be true or false");
        };
    }

    public List<String> strings(String name) {
        List<String> strings = new ArrayList<>();
        for (Object element : list(name)) {
            if (!(element instanceof String text)) {
                throw bad(name, "must be a list of strings");
            }
            strings.add(text);
        }
        return strings;
    }

    public List<Fields> objects(String name) {
        List<Fields> objects = new ArrayList<>();
        for (Object element : list(name)) {
            objects.add(of(element, name));
        }
        return objects;
    }

    private List<?> list(String name) {
        return switch (members.get(name)) {
            case null -> List.of();
            case List<?> list -> list;
            default -> throw bad(name, "must be a list");
        };
    }

    /** A member object; an empty one when absent. */
    public Fields object(String name) {
        return has(name) ? of(members.get(name), name) : empty();
    }

    private static Failure bad(String name, String what) {
        return new Failure(Failure.Kind.BAD_INPUT, "\"" + name + "\" " + what, "");
    }
}
