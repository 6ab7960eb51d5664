package eu.mikelangelo.linux;

/** A set-up call failed. The message names the call, its argument, the error and its likely cause. */
public final class LinuxException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    public LinuxException(String call, Object argument, int errno) {
        super(text(call, argument, errno));
        this.errno = errno;
    }

    /** The positive error number, see {@link Errno}. */
    public int errno() {
        return errno;
    }

    /** Returns {@code result} when it is not negative, else throws for the negative errno. */
    public static int check(String call, Object argument, int result) {
        if (result < 0) {
            throw new LinuxException(call, argument, -result);
        }
        return result;
    }

    private static String text(String call, Object argument, int errno) {
        String cause = Errno.likelyCause(errno);
        return call + "(" + argument + "): " + Errno.name(errno) + (cause.isEmpty() ? "" : ": " + cause);
    }
}
