package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/** A machine's state, kept in its folder, changed by events only and waited for. Thread-safe. */
final class KeptState {
    private static final System.Logger LOG = System.getLogger(KeptState.class.getName());

    private final MachineFolder folder;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private MachineState state;

    KeptState(MachineState state, MachineFolder folder) {
        this.state = state;
        this.folder = folder;
    }

    MachineState state() {
        lock.lock();
        try {
            return state;
        } finally {
            lock.unlock();
        }
    }

    /** @return the state after the event */
    MachineState apply(MachineEvent event) {
        lock.lock();
        try {
            MachineState next = Transitions.on(state, event, Instant.now());
            if (next != state) {
                state = next;
                folder.write(next);
                changed.signalAll();
            }
            return next;
        } catch (IOException e) {
            // A full disk must not take a running machine's supervision away; a successor finds out by itself.
            LOG.log(System.Logger.Level.ERROR, "cannot write the state of " + folder.name() + ": " + e.getMessage());
            changed.signalAll();
            return state;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a state; empty when {@code limit} passed first. */
    Optional<MachineState> await(Duration limit, Predicate<MachineState> wanted) {
        lock.lock();
        try {
            long nanos = limit.toNanos();
            while (!wanted.test(state)) {
                if (nanos <= 0) {
                    return Optional.empty();
                }
                nanos = changed.awaitNanos(nanos);
            }
            return Optional.of(state);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure(Failure.Kind.TIMEOUT, "interrupted while waiting for " + folder.name(), "", e);
        } finally {
            lock.unlock();
        }
    }

    /** Waits for EXITED or FAILED; empty when {@code limit} passed first. */
    Optional<MachineState> awaitEnd(Duration limit) {
        return await(limit, now -> !now.phase().live());
    }
}
