package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.MachineState.Phase;
import eu.mikelangelo.machines.host.ConsoleHint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Where a guest said that it listens (hearsay, bounded), and why a machine is not ready. Thread-safe. */
final class GuestStatus {
    static final int MOST_LISTENING = 256;
    private final TreeSet<String> listening = new TreeSet<>();
    private final TreeSet<String> local = new TreeSet<>();

    synchronized void listening(String protocol, int port, boolean everywhere) {
        TreeSet<String> set = everywhere ? listening : local;
        if (set.size() < MOST_LISTENING) {
            set.add(protocol + " " + port);
        }
    }

    synchronized List<String> listening() {
        return new ArrayList<>(listening);
    }

    /** Which of the published ports nobody listens on, in words; "" when all have a listener. */
    synchronized String missing(List<PublishedPort> ports) {
        List<String> words = new ArrayList<>();
        for (PublishedPort port : ports) {
            String key = port.protocol() + " " + port.guest();
            if (local.contains(key) && !listening.contains(key)) {
                words.add(key + " is listened on at the guest's own loopback address only");
            } else if (!listening.contains(key)) {
                words.add("nobody listens on " + key + " in the guest");
            }
        }
        return String.join("; ", words);
    }

    synchronized boolean localOnly() {
        return local.stream().anyMatch(key -> !listening.contains(key));
    }

    /** It lives, and time is over. */
    static Failure late(MachineSpec spec, MachineState state, GuestStatus status, Duration limit) {
        return new Failure(Failure.Kind.TIMEOUT, spec.name() + " is not ready after " + limit.toSeconds() + " s: "
                + why(spec, state, status), status.localOnly()
                ? "make the application listen on 0.0.0.0 (or on the machine's address, " + spec.address() + ")"
                : "see mike logs " + spec.name() + "; --wait waits longer");
    }

    private static String why(MachineSpec spec, MachineState state, GuestStatus status) {
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
                "see mike logs " + spec.name() + ConsoleHint.of(consoleTail));
    }
}
