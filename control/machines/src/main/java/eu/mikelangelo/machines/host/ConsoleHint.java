package eu.mikelangelo.machines.host;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a machine lacks, where its console says so in words that all programs share, and what brings it. */
public final class ConsoleHint {
    /** What shells say of a program that is not there: {@code sh: 1: exec: gcc: not found}. */
    private static final Pattern NO_PROGRAM = Pattern.compile(
            "(?m)^(?:.{0,200}: )?([A-Za-z0-9_./+-]{1,100}): (?:command )?not found\\s*$");
    /** What strerror(ENOENT) says, with a file of /etc named before it or behind it. */
    private static final Pattern NO_FILE = Pattern.compile(
            "(?m)^(?=.*No such file).{0,400}?(/etc/[A-Za-z0-9_./+-]{1,200}[A-Za-z0-9_+-])(?!/)");

    private ConsoleHint() { }

    /** The end of a hint, beginning with "; ", or nothing. @param console its last lines, whatever they hold */
    public static String of(String console) {
        Matcher program = NO_PROGRAM.matcher(console);
        if (program.find()) {
            return "; " + program.group(1) + " is not in the machine: a recipe's package or add brings it, or require"
                    + " in a folder's meta/package.yaml";
        }
        Matcher file = NO_FILE.matcher(console);
        return file.find() ? "; " + file.group(1) + " does not exist in the machine: a recipe's files can give it" : "";
    }
}
