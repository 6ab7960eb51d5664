package eu.mikelangelo.machines;

import eu.mikelangelo.machines.host.ProcessId;
import java.time.Instant;

/**
 * Where a machine stands; persisted as {@code state.json} at each transition. Immutable: {@code Transitions.on} makes
 * the next one.
 *
 * @param schema      version of this record in a file, {@link #SCHEMA}
 * @param phase       see {@link Phase}
 * @param qemu        QEMU's process, null when none was started or all is over
 * @param passt       the uplink's process, null likewise
 * @param accelerator "kvm" or "tcg" of the latest start, "" before
 * @param ready       the guest said "ready" in this run
 * @param exit        how the application ended, null while unknown
 * @param reason      why FAILED (one line and perhaps a log's tail), else ""
 * @param started     of the latest run, null before the first
 * @param since       when the phase was entered
 */
public record MachineState(int schema, Phase phase, ProcessId qemu, ProcessId passt, String accelerator, boolean ready,
                           ExitStatus exit, String reason, Instant started, Instant since) {
    public static final int SCHEMA = 1;

    /** CREATED → STARTING → RUNNING → STOPPING → EXITED or FAILED; from the last two it can start again. */
    public enum Phase {
        /** Never started. */
        CREATED,
        /** QEMU is being started, or runs and the application has not started yet. */
        STARTING,
        /** The application was started. */
        RUNNING,
        /** It was asked to stop, or the application has ended and the guest is powering off. */
        STOPPING,
        /** Over; {@link MachineState#exit} is known. */
        EXITED,
        /** Over, against the plan: {@link MachineState#reason} says why. */
        FAILED;

        /** Whether a QEMU may run in this phase. */
        public boolean live() {
            return this == STARTING || this == RUNNING || this == STOPPING;
        }
    }

    public static MachineState created(Instant now) {
        return new MachineState(SCHEMA, Phase.CREATED, null, null, "", false, null, "", null, now);
    }
}
