package eu.mikelangelo.machines;

/**
 * How an application ended.
 *
 * @param code   exit code 0..255, or -1 when a signal ended it
 * @param signal the signal's number, or 0
 */
public record ExitStatus(int code, int signal) {
    public static ExitStatus code(int code) {
        return new ExitStatus(code, 0);
    }

    public static ExitStatus signal(int signal) {
        return new ExitStatus(-1, signal);
    }

    /** As a shell says it: the code, or 128 + signal. */
    public int shellCode() {
        return signal == 0 ? code : 128 + signal;
    }

    @Override
    public String toString() {
        return signal == 0 ? "exit code " + code : "signal " + signal;
    }
}
