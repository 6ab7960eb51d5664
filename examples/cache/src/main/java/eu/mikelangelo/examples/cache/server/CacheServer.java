package eu.mikelangelo.examples.cache.server;

import eu.mikelangelo.examples.cache.StoreOptions;
import eu.mikelangelo.shard.Future;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.Lane;
import eu.mikelangelo.shard.Sharded;
import eu.mikelangelo.shard.io.Acceptor;
import eu.mikelangelo.shard.io.Server;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;

/** A cache on all shards of a host; ends with the host, which answers what has been received. */
public final class CacheServer {
    private final Sharded<Site> sites;
    private final Server server;

    private CacheServer(Sharded<Site> sites, Server server) {
        this.sites = sites;
        this.server = server;
    }

    /**
     * Starts it; on a thread that is no shard's. The kernel spreads the clients over the shards.
     *
     * @param port at which address; port 0 takes a free one
     * @param memoryBytes for items, of all shards together; each has at least 1 MiB
     */
    public static CacheServer start(Host host, InetSocketAddress port, long memoryBytes) {
        return start(host, port, memoryBytes, System::currentTimeMillis);
    }

    /** @param wallMs the wall clock, in milliseconds since 1970 */
    static CacheServer start(Host host, InetSocketAddress port, long memoryBytes, LongSupplier wallMs) {
        return start(host, memoryBytes, wallMs, talks -> Server.start(host, port, clients(host), talks));
    }

    /** As the other, but one shard listens and hands each client to the shard that {@code choice} names. */
    public static CacheServer start(Host host, InetSocketAddress port, long memoryBytes, Acceptor.Choice choice) {
        return start(host, memoryBytes, System::currentTimeMillis,
                talks -> Server.start(host, port, clients(host), choice, talks));
    }

    /**
     * Starts it at a Unix socket; a client goes to the shard that has the fewest. A socket that a dead server has left
     * is replaced.
     *
     * @param mode who may connect: the file's permissions, 0700 for instance
     * @throws IllegalArgumentException when somebody listens there, or there is another file
     */
    public static CacheServer unix(Host host, String path, int mode, long memoryBytes) {
        SocketFile file = SocketFile.at(path);
        host.onClose(() -> {
            file.remove();
            return null;
        });
        CacheServer server = start(host, memoryBytes, System::currentTimeMillis,
                talks -> Server.unix(host, file.made(), clients(host), Acceptor.leastConnections(), talks));
        file.publish(mode);
        return server;
    }

    private static Lane clients(Host host) {
        return host.lane("clients", 1_000);
    }

    private static CacheServer start(Host host, long memoryBytes, LongSupplier wallMs,
                                     Function<Function<Server.Client, Talk>, Server> listen) {
        StoreOptions options = StoreOptions.ofMemory(memoryBytes / host.size());
        // Nobody who chooses keys shall know which of them meet.
        long seed = new SecureRandom().nextLong();
        Sharded<Site> sites = host.spread(shard -> new Site(shard, options, seed, wallMs));
        host.run(() -> sites.onEach(site -> {
            site.join(sites);
            return null;
        }).await());
        return new CacheServer(sites, listen.apply(client -> new Talk(sites.here(), client)));
    }

    /** What clients have that should be back when they are gone, as sentences; on any shard. */
    public Future<List<String>> leaks() {
        return sites.gather(Site::leaks).map(each -> each.stream().flatMap(List::stream).toList());
    }

    /** How often somebody had to wait for a large buffer, on each shard; on any shard. */
    Future<List<Long>> waited() {
        return sites.gather(site -> site.lender.waited());
    }

    /** Bytes that each shard keeps of what its clients have said in part; on any shard. */
    Future<List<Long>> kept() {
        return server.kept();
    }

    /** Clients on each shard; on any shard. */
    public Future<List<Integer>> clients() {
        return server.clients();
    }

    /** The TCP port; -1 at a Unix socket. */
    public int port() {
        return server.port();
    }
}
