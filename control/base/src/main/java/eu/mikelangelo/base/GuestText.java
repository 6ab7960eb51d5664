package eu.mikelangelo.base;

/**
 * Builds the text of {@code /mike/image} and {@code /mike/run}, which guest/init reads: guest/PROTOCOL.md, "Files in
 * the initramfs". One thread.
 * {@snippet :
 * String run = new GuestText().line("hostname", "web").env("A", "two words").line("arg", "/bin/x").toString();
 * }
 */
public final class GuestText {
    /** A third of the kernel's MAX_ARG_STRLEN (128 KiB): what fits as one word whatever its characters are. */
    public static final int VALUE_CHARS_MAX = 40_000;
    /** A quarter of init's 1 MiB a file: it fits whatever the characters are. */
    public static final int TEXT_CHARS_MAX = 256 * 1024;
    private final StringBuilder text = new StringBuilder();

    /** One line. @throws Failure BAD_INPUT when a value holds a NUL or is too long */
    public GuestText line(String key, String... values) {
        text.append(key);
        for (String value : values) {
            if (value.indexOf('\0') >= 0 || value.length() > VALUE_CHARS_MAX) {
                throw bad("a value of `" + key + "` holds a NUL or has more than " + VALUE_CHARS_MAX
                        + " characters", "Put long text into a file of the application.");
            }
            text.append(' ').append(escape(value));
        }
        text.append('\n');
        return this;
    }

    /** A variable of the application's environment. @throws Failure BAD_INPUT likewise, and for an impossible name */
    public GuestText env(String name, String value) {
        if (name.isEmpty() || name.indexOf('=') >= 0 || name.indexOf('\0') >= 0) {
            throw bad("\"" + name + "\" cannot be the name of an environment variable",
                    "Write NAME=VALUE; a name is not empty and holds no \"=\".");
        }
        return line("env", name, value);
    }

    /** One value as it stands in a line. */
    public static String escape(String value) {
        if (value.isEmpty()) {
            return "\\e";
        }
        StringBuilder out = new StringBuilder(value.length() + 8);
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case ' ' -> out.append("\\s");
                case '\n' -> out.append("\\n");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> out.append(c);
            }
        }
        return out.toString();
    }

    /** The whole text. @throws Failure BAD_INPUT when it is longer than init takes */
    @Override
    public String toString() {
        if (text.length() > TEXT_CHARS_MAX) {
            throw bad("start command and environment have more than " + TEXT_CHARS_MAX + " characters",
                    "Put long text into a file of the application.");
        }
        return text.toString();
    }

    private static Failure bad(String message, String hint) {
        return new Failure(Failure.Kind.BAD_INPUT, message, hint);
    }
}
