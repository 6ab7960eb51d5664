package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.host.ProcessId;
import java.io.IOException;
import java.time.Duration;

/** Keeps a passt at the side of one run of QEMU: one that died is replaced, ever more slowly if it dies again. */
final class PasstWatch {
    private static final System.Logger LOG = System.getLogger(PasstWatch.class.getName());
    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
    /** One that lived so long was healthy. */
    private static final Duration HEALTHY = Duration.ofSeconds(60);
    private final Machine machine;
    private final ProcessId qemu;

    PasstWatch(Machine machine, ProcessId qemu) {
        this.machine = machine;
        this.qemu = qemu;
    }

    /** Returns when the run is over. */
    void run() {
        Duration pause = FIRST_PAUSE;
        try {
            while (true) {
                long since = System.nanoTime();
                ProcessId passt = machine.state().passt();
                if (passt != null) {
                    passt.handle().ifPresent(handle -> handle.onExit().join());
                }
                if (System.nanoTime() - since > HEALTHY.toNanos()) {
                    pause = FIRST_PAUSE;
                }
                Thread.sleep(pause);
                if (machine.released() || !qemu.equals(machine.state().qemu()) || !qemu.alive()) {
                    return;
                }
                LOG.log(System.Logger.Level.WARNING, "passt of " + machine.spec().name() + " died; starting another");
                replace();
                pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause.multipliedBy(2);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void replace() {
        try {
            machine.replacePasst(qemu);
        } catch (IOException | Failure e) {
            LOG.log(System.Logger.Level.ERROR, machine.spec().name() + " has no uplink: " + e.getMessage());
        }
    }
}
