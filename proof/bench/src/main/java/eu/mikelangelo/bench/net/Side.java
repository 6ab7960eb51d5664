package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.net.room.Group;
import eu.mikelangelo.bench.net.room.Pause;
import java.util.List;
import java.util.function.Supplier;

/** A switch and its client, which run together or not at all: stopped, all that is under way stays in the rings. */
final class Side<C extends Client> implements AutoCloseable {
    /** After it was continued, before anything counts: caches are the other side's. */
    private static final double SETTLE_SECONDS = 0.1;

    private final List<Group> groups;
    private final C client;
    private final AutoCloseable server;

    private Side(AutoCloseable server, List<Group> groups, C client) {
        this.server = server;
        this.groups = groups;
        this.client = client;
    }

    /**
     * Starts the client of a switch that runs.
     *
     * @param server all of it, ended with this, and when there will be no client
     * @param groups of the server, which are stopped with the client
     */
    static <C extends Client> Side<C> of(AutoCloseable server, List<Group> groups, Supplier<C> client) {
        try {
            return new Side<>(server, groups, client.get());
        } catch (RuntimeException failed) {
            end(server);
            throw failed;
        }
    }

    C client() {
        return client;
    }

    /** Of the switch. */
    long serverPid() {
        return groups.getFirst().pid();
    }

    void resume() {
        groups.forEach(Group::resume);
        client.group().resume();
    }

    void pause() {
        client.group().pause();
        groups.forEach(Group::pause);
    }

    /** Runs alone for a while. */
    void warm(double seconds) {
        resume();
        client.warm(seconds);
        pause();
    }

    /** Runs alone for a window. @return what the client has measured */
    double[] window(double seconds) {
        resume();
        Pause.seconds(SETTLE_SECONDS);
        double[] measured;
        try {
            measured = client.window(seconds);
        } finally {
            check();
        }
        pause();
        return measured;
    }

    /** @throws IllegalStateException when a part of the switch has ended, which the client cannot tell */
    void check() {
        groups.forEach(Group::check);
    }

    @Override
    public void close() {
        client.close();
        end(server);
    }

    private static void end(AutoCloseable server) {
        try {
            server.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
