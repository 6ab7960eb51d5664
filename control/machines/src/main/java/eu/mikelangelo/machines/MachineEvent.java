package eu.mikelangelo.machines;

import eu.mikelangelo.machines.host.ProcessId;

/** What may happen to a machine, as {@link Transitions} sees it. */
public sealed interface MachineEvent {
    /** Somebody starts it. */
    record Start() implements MachineEvent { }

    /** QEMU and passt run. */
    record Launched(ProcessId qemu, ProcessId passt, String accelerator) implements MachineEvent { }

    /** QEMU or passt could not be started, or did not come up; neither runs any more. */
    record LaunchFailed(String reason) implements MachineEvent { }

    /** passt died and a new one runs. */
    record PasstReplaced(ProcessId passt) implements MachineEvent { }

    /** The guest said that the application was started. */
    record AppStarted() implements MachineEvent { }

    /** The guest said that it listens wherever it should. */
    record Ready() implements MachineEvent { }

    /** Somebody wants it to end. */
    record StopRequested() implements MachineEvent { }

    /** The guest said how the application ended. */
    record AppExited(ExitStatus exit) implements MachineEvent { }

    /** The guest said that it cannot go on. */
    record GuestFailed(String text) implements MachineEvent { }

    /** The guest's kernel panicked; {@code text} holds its last lines. */
    record Panicked(String text) implements MachineEvent { }

    /** QEMU is gone; {@code tail} is what it said last. */
    record Gone(String tail) implements MachineEvent { }
}
