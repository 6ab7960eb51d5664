package eu.mikelangelo.bench.net;

import java.util.List;

/** A switch and its client, which run together or not at all: stopped, all that is under way stays in the rings. */
final class Side implements AutoCloseable {
    /** After it was continued, before anything counts: caches are the other side's. */
    private static final double SETTLE_SECONDS = 0.1;

    private final List<Group> groups;
    private final Testpmd client;
    private final AutoCloseable server;

    /**
     * @param server all of it, ended with this
     * @param groups of the server, which are stopped with the client
     */
    Side(AutoCloseable server, List<Group> groups, Testpmd client) {
        this.server = server;
        this.groups = groups;
        this.client = client;
    }

    Testpmd client() {
        return client;
    }

    /** Of the switch. */
    long serverPid() {
        return groups.getFirst().pid();
    }

    void resume() {
        groups.forEach(Group::resume);
        client.group.resume();
    }

    void pause() {
        client.group.pause();
        groups.forEach(Group::pause);
    }

    /** Runs alone for a while. */
    void warm(double seconds) {
        resume();
        Pause.seconds(seconds);
        pause();
    }

    /** Runs alone for a window. @return millions of frames a second that the client received, of both ports */
    double window(double seconds) {
        resume();
        Pause.seconds(SETTLE_SECONDS);
        double rate;
        try {
            rate = client.rate(seconds);
        } finally {
            check();
        }
        pause();
        return rate;
    }

    /** @throws IllegalStateException when a part of the switch has ended, which the client cannot tell */
    void check() {
        groups.forEach(Group::check);
    }

    @Override
    public void close() {
        client.close();
        try {
            server.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
