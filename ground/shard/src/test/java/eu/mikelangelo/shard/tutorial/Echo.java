package eu.mikelangelo.shard.tutorial;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Context;
import eu.mikelangelo.shard.limits.Gate;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.io.Listener;
import eu.mikelangelo.shard.io.Stream;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;

/** Says back what it hears; one fiber a client, in direct style. One per shard. */
public final class Echo implements AutoCloseable {
    private static final int BUFFER = 16 << 10;
    private static final long PATIENCE_NS = 60_000_000_000L;
    private final Gate clients = new Gate();
    private final Listener listener;

    public Echo(Shard shard, InetSocketAddress at) {
        listener = Listener.tcp(at);
        shard.fiber(() -> {
            for (Stream client = listener.accept(); client != null; client = listener.accept()) {
                Stream accepted = client;
                shard.fiber(() -> serve(accepted));
            }
            return null;
        });
    }

    @SuppressWarnings("try") // the pass is used by being held
    private Void serve(Stream client) throws Exception {
        try (client; var pass = clients.enter()) {
            Region buffer = new Region(Arena.ofAuto().allocate(BUFFER, 8));
            for (int n = hear(client, buffer); n > 0; n = hear(client, buffer)) {
                client.write(buffer, 0, n);
            }
        }
        return null;
    }

    /** A client that says nothing for a minute is sent away: {@code within} throws. */
    private static int hear(Stream client, Region buffer) throws Exception {
        return Context.within(PATIENCE_NS, () -> client.read(buffer, 0, BUFFER));
    }

    public int port() {
        return listener.port();
    }

    @Override
    public void close() {
        listener.close();
        clients.close().await();
    }
}
