package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.host.ProcessId;
import eu.mikelangelo.machines.host.SpinWatch;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Keeps a passt at the side of one run of QEMU: one that died, or runs in a circle, is replaced, ever more slowly if it
 * dies again.
 */
final class PasstWatch {
    private static final System.Logger LOG = System.getLogger(PasstWatch.class.getName());
    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
    /** One that lived so long was healthy. */
    private static final Duration HEALTHY = Duration.ofSeconds(60);
    /** Debian 12's passt can loop for ever over what a guest sends; the plane keeps the known cause from it. */
    private static final Duration LOOK = Duration.ofSeconds(5);
    private static final int MOST_CIRCLES = 2;
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
                    awaitEnd(passt);
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

    /** Returns when it has ended, by our hand if it runs in a circle, or when our supervision is over. */
    private void awaitEnd(ProcessId passt) throws InterruptedException {
        CompletableFuture<?> end = passt.handle().<CompletableFuture<?>>map(ProcessHandle::onExit)
                .orElse(CompletableFuture.completedFuture(null));
        SpinWatch spinning = new SpinWatch(passt);
        for (int circles = 0; !machine.released(); ) {
            try {
                end.get(LOOK.toMillis(), TimeUnit.MILLISECONDS);
                return;
            } catch (ExecutionException e) {
                return; // onExit does not fail
            } catch (TimeoutException e) {
                circles = spinning.look() ? circles + 1 : 0;
                if (circles == MOST_CIRCLES) {
                    LOG.log(System.Logger.Level.ERROR, "passt of " + machine.spec().name()
                            + " runs in a circle and serves nobody; ending it");
                    passt.kill();
                }
            }
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
