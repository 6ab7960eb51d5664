package eu.mikelangelo.examples.cache.server;

import eu.mikelangelo.examples.cache.StoreOptions;
import eu.mikelangelo.shard.Future;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.Sharded;
import eu.mikelangelo.shard.io.Server;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.List;

/** A cache on all shards of a host; ends with the host, which answers what has been received. */
public final class CacheServer {
    private final Sharded<Site> sites;
    private final Server server;

    private CacheServer(Sharded<Site> sites, Server server) {
        this.sites = sites;
        this.server = server;
    }

    /**
     * Starts it; on a thread that is no shard's.
     *
     * @param port at which address; port 0 takes a free one
     * @param memoryBytes for items, of all shards together; each has at least 1 MiB
     */
    public static CacheServer start(Host host, InetSocketAddress port, long memoryBytes) {
        StoreOptions options = StoreOptions.ofMemory(memoryBytes / host.size());
        // Nobody who chooses keys shall know which of them meet.
        long seed = new SecureRandom().nextLong();
        Sharded<Site> sites = host.spread(shard -> new Site(shard, options, seed));
        host.run(() -> sites.onEach(site -> {
            site.join(sites);
            return null;
        }).await());
        return new CacheServer(sites, Server.start(host, port, host.lane("clients", 1_000),
                client -> new Talk(sites.here(), client)));
    }

    /** What clients have that should be back when they are gone, as sentences; on any shard. */
    public Future<List<String>> leaks() {
        return sites.gather(Site::leaks).map(each -> each.stream().flatMap(List::stream).toList());
    }

    /** Where it listens. */
    public int port() {
        return server.port();
    }
}
