package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.MachineState.Phase;
import java.time.Duration;

/** Says why a machine is not ready. */
final class Readiness {
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
                "see mike logs " + spec.name());
    }
}
