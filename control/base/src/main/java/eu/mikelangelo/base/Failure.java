package eu.mikelangelo.base;

/**
 * An error that speaks to an operator: what failed and with which value ({@link #getMessage()}), and what to try
 * ({@link #hint()}). It crosses the agent's API unchanged; anything else that is thrown there is a bug.
 */
public final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What went wrong, as far as a program needs to know; each kind has one exit code (see docs/cli.md). */
    public enum Kind {
        /** The caller's input is wrong (bad flag, malformed file). */
        BAD_INPUT(65),
        /** A thing that was named does not exist. */
        NOT_FOUND(66),
        /** The name or port is taken, or the state forbids it. */
        CONFLICT(73),
        /** Something the host lacks: a program, space, a permission, the network. */
        UNAVAILABLE(69),
        /** It did not happen in time. */
        TIMEOUT(75),
        /** A file or peer from outside failed verification; nothing of it was kept. */
        UNTRUSTED(76),
        /** The guest failed: panic, start command missing, application died at once. */
        GUEST(70);

        private final int exitCode;

        Kind(int exitCode) {
            this.exitCode = exitCode;
        }

        /** The exit code of {@code mike} for this kind, from sysexits.h where one fits. */
        public int exitCode() {
            return exitCode;
        }
    }

    private final Kind kind;
    private final String hint;

    public Failure(Kind kind, String message, String hint) {
        this(kind, message, hint, null);
    }

    public Failure(Kind kind, String message, String hint, Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.hint = hint;
    }

    public Kind kind() {
        return kind;
    }

    /** One sentence: the likely cause or what to try; empty when there is nothing to say. */
    public String hint() {
        return hint;
    }
}
