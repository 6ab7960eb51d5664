package eu.mikelangelo.bench.measure;

/** A server of memcached's text protocol on loopback. */
public interface Target {
    /** What people call it. */
    String title();

    int port();

    /** The process whose CPU time counts. */
    long pid();
}
