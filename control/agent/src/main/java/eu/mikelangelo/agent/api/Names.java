package eu.mikelangelo.agent.api;

import eu.mikelangelo.base.Failure;
import java.util.Locale;
import java.util.regex.Pattern;

/** Names that people type, other than those {@code MachineSpec} checks. */
public final class Names {
    /** Length of a derived machine name; a host name's label has at most 63 and room is left for a suffix. */
    public static final int MAX_DERIVED = 48;
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    private Names() { }

    /** The nearest machine name to any text ("Hello_World" gives "hello-world"); "machine" if nothing is left. */
    public static String toMachine(String text) {
        String name = text.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        name = name.replaceAll("^-+", "");
        name = name.substring(0, Math.min(name.length(), MAX_DERIVED)).replaceAll("-+$", "");
        return name.isEmpty() ? "machine" : name;
    }

    /** @throws Failure BAD_INPUT unless {@code name} may name an environment variable */
    public static String variable(String name) {
        if (!VARIABLE.matcher(name).matches()) {
            throw new Failure(Failure.Kind.BAD_INPUT, "\"" + name + "\" cannot name an environment variable",
                    "try --env NAME=value");
        }
        return name;
    }
}
