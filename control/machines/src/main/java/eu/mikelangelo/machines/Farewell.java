package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.time.Duration;

/**
 * The polite end of one machine: SIGTERM to the application, then power off, then QMP quit. What comes after that is
 * SIGKILL, and not polite. Used by one thread.
 */
final class Farewell {
    private static final System.Logger LOG = System.getLogger(Farewell.class.getName());
    private static final Duration AFTER_GRACE = Duration.ofSeconds(3);
    private static final int SIGTERM = 15;

    private final MachineSpec spec;
    private final KeptState kept;
    private final Live live;

    /** @param live null when QEMU has no connections yet */
    Farewell(MachineSpec spec, KeptState kept, Live live) {
        this.spec = spec;
        this.kept = kept;
        this.live = live;
    }

    /**
     * @param phase in which the stop was asked for: before the application runs there is nobody to say goodbye
     * @param grace how long the application may take; null: the spec's, which init counts as well
     * @return whether the machine has ended
     */
    boolean end(MachineState.Phase phase, Duration grace) {
        if (live == null) {
            return false;
        }
        Duration patience = grace != null ? grace : Duration.ofSeconds(spec.graceSeconds()).plus(AFTER_GRACE);
        if (phase != MachineState.Phase.STARTING && askGuest(grace == null) && endedWithin(patience)) {
            return true;
        }
        return quit() && kept.awaitEnd(AFTER_GRACE).isPresent();
    }

    /** Whether the application ends in time; the power-off after it has its own time. */
    private boolean endedWithin(Duration patience) {
        return kept.await(patience, now -> now.exit() != null || !now.phase().live()).isPresent()
                && kept.awaitEnd(AFTER_GRACE).isPresent();
    }

    /** @param ownGrace init counts the machine's own grace and kills then; else we count, and it must not */
    private boolean askGuest(boolean ownGrace) {
        try {
            if (ownGrace) {
                live.guest().stop();
            } else {
                live.guest().signal(SIGTERM);
            }
            return true;
        } catch (Failure e) {
            LOG.log(System.Logger.Level.WARNING, spec.name() + " cannot be asked to stop: " + e.getMessage());
            return false;
        }
    }

    private boolean quit() {
        try {
            live.qmp.quit();
            return true;
        } catch (IOException | Failure e) {
            return false;
        }
    }
}
