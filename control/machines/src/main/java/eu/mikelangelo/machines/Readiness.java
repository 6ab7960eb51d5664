package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.MachineState.Phase;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Says why a machine is not ready. */
final class Readiness {
    /** What shells say of a program that is not there: {@code sh: 1: exec: gcc: not found}. */
    private static final Pattern NO_PROGRAM = Pattern.compile(
            "(?m)^(?:.{0,200}: )?([A-Za-z0-9_./+-]{1,100}): (?:command )?not found\\s*$");
    /** What strerror(ENOENT) says, with a file of /etc named before it or behind it. */
    private static final Pattern NO_FILE = Pattern.compile(
            "(?m)^(?=.*No such file).{0,400}?(/etc/[A-Za-z0-9_./+-]{1,200}[A-Za-z0-9_+-])(?!/)");

    private Readiness() { }

    /** It lives, and time is over. */
    static Failure late(MachineSpec spec, MachineState state, GuestStatus status, Duration limit) {
        return new Failure(Failure.Kind.TIMEOUT, spec.name() + " is not ready after " + limit.toSeconds() + " s: "
                + missing(spec, state, status), status.localOnly()
                ? "make the application listen on 0.0.0.0 (or on the machine's address, " + spec.address() + ")"
                : "see mike logs " + spec.name() + "; --wait waits longer");
    }

    private static String missing(MachineSpec spec, MachineState state, GuestStatus status) {
        if (state.phase() == Phase.STARTING) {
            return "the application has not been started yet";
        }
        String missing = status.missing(spec.ports());
        return missing.isEmpty() ? "the guest has not said so" : missing;
    }

    /** It ended before. */
    static Failure endedEarly(MachineSpec spec, MachineState over, String consoleTail) {
        String why = !over.reason().isEmpty() ? over.reason() : "the application ended (" + over.exit() + ")";
        return new Failure(Failure.Kind.GUEST, spec.name() + " ended before it was ready: " + why
                + (consoleTail.isEmpty() ? "" : "\nlast lines of its console:\n" + consoleTail),
                "see mike logs " + spec.name() + missing(consoleTail));
    }

    /** What the machine lacks, where its console says so in words that all programs share, and what brings it. */
    static String missing(String console) {
        Matcher program = NO_PROGRAM.matcher(console);
        if (program.find()) {
            return "; " + program.group(1) + " is not in the machine: a recipe's package or add brings it, or require"
                    + " in a folder's meta/package.yaml";
        }
        Matcher file = NO_FILE.matcher(console);
        return file.find() ? "; " + file.group(1) + " does not exist in the machine: a recipe's files can give it" : "";
    }
}
