package eu.mikelangelo.plane.api;

import java.io.IOException;

/** The plane understood the request and says no. */
public final class PlaneRefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String hint;

    public PlaneRefusedException(String message, String hint) {
        super(message);
        this.hint = hint;
    }

    /** What to try; may be empty. */
    public String hint() {
        return hint;
    }
}
