package eu.mikelangelo.base;

/** Where work that may take longer than a second says what it is doing. Called from one thread at a time. */
@FunctionalInterface
public interface Progress {
    /** Says nothing. */
    Progress NONE = (step, done, total) -> { };

    /**
     * @param step  what is being done, in the present tense: "downloading memcached 1.6.18-1"
     * @param done  units done so far
     * @param total units in all, or 0 when unknown
     */
    void report(String step, long done, long total);

    default void step(String step) {
        report(step, 0, 0);
    }
}
