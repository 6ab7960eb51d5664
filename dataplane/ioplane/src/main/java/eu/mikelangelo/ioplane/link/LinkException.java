package eu.mikelangelo.ioplane.link;

/** An interface of the host cannot be used. The message says which, why, and what to do. */
public final class LinkException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LinkException(String message, Throwable cause) {
        super(message, cause);
    }
}
