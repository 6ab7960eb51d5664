package eu.mikelangelo.packages.debian.apt;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Fuzz target: control data (a Packages index, a control file) is read or refused with an IOException, its dependency
 * fields are understood or left out, and the order of versions is one.
 */
public final class ControlFuzz {
    private ControlFuzz() { }

    public static void fuzzerTestOneInput(byte[] bytes) {
        try {
            for (Map<String, String> stanza : Stanzas.all(new String(bytes, StandardCharsets.UTF_8))) {
                String previous = "0";
                for (String field : stanza.values()) {
                    Dependency.parse(field, "amd64").forEach(any -> any.forEach(one -> one.fulfilledBy("a", field)));
                    if (DebVersion.compare(field, previous) != -DebVersion.compare(previous, field)
                            || DebVersion.compare(field, field) != 0) {
                        throw new AssertionError("no order: " + field + " and " + previous);
                    }
                    previous = field;
                }
            }
        } catch (IOException refused) {
            if (refused.getMessage() == null || refused.getMessage().isBlank()) {
                throw new AssertionError("refused without a reason", refused);
            }
        }
    }
}
