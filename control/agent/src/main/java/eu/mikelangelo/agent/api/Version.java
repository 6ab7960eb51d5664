package eu.mikelangelo.agent.api;

/** The version of the product; the same as the POM's (a test compares them). */
public final class Version {
    public static final String NUMBER = "0.1.0";

    private Version() { }
}
