package eu.mikelangelo.machines;

import eu.mikelangelo.machines.MachineState.Phase;
import java.time.Instant;
import java.util.Objects;

/**
 * The state machine of a machine: a pure function. Words of the guest are hearsay and come in any order, twice or
 * never: one that does not fit leaves the state as it is. Start, Launched and LaunchFailed are our own doing: one
 * that does not fit is a bug and throws.
 *
 * <p>How it ends: a reason makes it FAILED; else a known exit makes it EXITED; else, if somebody asked it to stop, it
 * was killed (signal 9); else QEMU died on us.
 */
public final class Transitions {
    /** Reasons are for people; a guest's text is cut here. */
    static final int MOST_REASON_CHARS = 4096;
    private static final int SIGKILL = 9;

    private Transitions() { }

    /**
     * The next state; the same object when nothing changes.
     *
     * @throws IllegalStateException for an event of our own that cannot happen in this phase
     */
    public static MachineState on(MachineState state, MachineEvent event, Instant now) {
        return switch (event) {
            case MachineEvent.Start e -> start(state, now);
            case MachineEvent.Launched e -> launched(state, e);
            case MachineEvent.LaunchFailed e -> launchFailed(state, e.reason(), now);
            default -> state.phase().live() ? heard(state, event, now) : state;
        };
    }

    private static MachineState start(MachineState state, Instant now) {
        if (state.phase().live()) {
            throw new IllegalStateException("Start in " + state.phase());
        }
        return new MachineState(MachineState.SCHEMA, Phase.STARTING, null, null, "", false, null, "", now, now);
    }

    private static MachineState launched(MachineState s, MachineEvent.Launched event) {
        if (s.phase() != Phase.STARTING && s.phase() != Phase.STOPPING) {
            throw new IllegalStateException("Launched in " + s.phase());
        }
        return new MachineState(s.schema(), s.phase(), Objects.requireNonNull(event.qemu()), event.passt(),
                event.accelerator(), s.ready(), s.exit(), s.reason(), s.started(), s.since());
    }

    private static MachineState launchFailed(MachineState s, String reason, Instant now) {
        if (s.phase() != Phase.STARTING && s.phase() != Phase.STOPPING) {
            throw new IllegalStateException("LaunchFailed in " + s.phase());
        }
        return over(s, Phase.FAILED, s.exit(), cut(reason), now);
    }

    /** Events that only a live machine takes notice of. */
    private static MachineState heard(MachineState s, MachineEvent event, Instant now) {
        return switch (event) {
            case MachineEvent.PasstReplaced e -> new MachineState(s.schema(), s.phase(), s.qemu(), e.passt(),
                    s.accelerator(), s.ready(), s.exit(), s.reason(), s.started(), s.since());
            case MachineEvent.AppStarted e -> s.phase() == Phase.STARTING ? in(s, Phase.RUNNING, s.ready(), now) : s;
            case MachineEvent.Ready e -> s.phase() == Phase.STOPPING || s.ready() ? s
                    : in(s, Phase.RUNNING, true, now);
            case MachineEvent.StopRequested e -> in(s, Phase.STOPPING, s.ready(), now);
            case MachineEvent.AppExited e -> s.exit() != null ? s : ending(s, e.exit(), s.reason(), now);
            case MachineEvent.GuestFailed e -> broken(s) ? s : ending(s, null, cut(e.text()), now);
            case MachineEvent.Panicked e -> broken(s) ? s
                    : ending(s, null, cut("the guest's kernel panicked: " + e.text()), now);
            case MachineEvent.Gone e -> gone(s, e.tail(), now);
            default -> throw new IllegalStateException("not heard from a guest: " + event);
        };
    }

    /** Its fate is known already: what comes later is a consequence. */
    private static boolean broken(MachineState s) {
        return s.exit() != null || !s.reason().isEmpty();
    }

    private static MachineState in(MachineState s, Phase phase, boolean ready, Instant now) {
        if (s.phase() == phase && s.ready() == ready) {
            return s;
        }
        return new MachineState(s.schema(), phase, s.qemu(), s.passt(), s.accelerator(), ready, s.exit(), s.reason(),
                s.started(), s.phase() == phase ? s.since() : now);
    }

    private static MachineState ending(MachineState s, ExitStatus exit, String reason, Instant now) {
        return new MachineState(s.schema(), Phase.STOPPING, s.qemu(), s.passt(), s.accelerator(), s.ready(), exit,
                reason, s.started(), s.phase() == Phase.STOPPING ? s.since() : now);
    }

    private static MachineState gone(MachineState s, String tail, Instant now) {
        if (!s.reason().isEmpty()) {
            return over(s, Phase.FAILED, s.exit(), s.reason(), now);
        }
        if (s.exit() != null) {
            return over(s, Phase.EXITED, s.exit(), "", now);
        }
        if (s.phase() == Phase.STOPPING) {
            return over(s, Phase.EXITED, ExitStatus.signal(SIGKILL), "", now);
        }
        return over(s, Phase.FAILED, null,
                cut("QEMU ended unexpectedly" + (tail.isBlank() ? "" : "; it said last: " + tail)), now);
    }

    private static MachineState over(MachineState s, Phase phase, ExitStatus exit, String reason, Instant now) {
        return new MachineState(s.schema(), phase, null, null, s.accelerator(), s.ready(), exit, reason, s.started(),
                now);
    }

    private static String cut(String text) {
        String said = text.isBlank() ? "no reason given" : text.strip();
        return said.length() > MOST_REASON_CHARS ? said.substring(0, MOST_REASON_CHARS) + "…" : said;
    }
}
