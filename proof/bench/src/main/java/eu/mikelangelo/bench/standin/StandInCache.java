package eu.mikelangelo.bench.standin;

import eu.mikelangelo.examples.cache.Output;
import eu.mikelangelo.examples.cache.Protocol;
import eu.mikelangelo.examples.cache.Request;
import eu.mikelangelo.examples.cache.Session;
import eu.mikelangelo.examples.cache.Staging;
import eu.mikelangelo.examples.cache.StagingPool;
import eu.mikelangelo.examples.cache.Store;
import eu.mikelangelo.examples.cache.StoreOptions;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.io.Conversation;
import eu.mikelangelo.shard.io.Server;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/** The cache on one shard: the shortest server that the engine and examples/cache make together. */
public final class StandInCache {
    private static final int INPUT_LIMIT = 64 << 10;
    private static final int OUTPUT_BYTES = 64 << 10;
    private static final long SECOND_NS = 1_000_000_000L;

    private final Staging staging;
    private final Store store;
    private final Protocol protocol;

    private StandInCache(long memoryMib) {
        Arena arena = Arena.global();
        staging = new StagingPool(arena, 16, (1 << 20) + 4096);
        store = new Store(arena, StoreOptions.ofMemory(memoryMib << 20), seconds());
        Request request = new Request(new Region(arena.allocate(Request.MIN_MEMORY, 8)));
        protocol = new Protocol(System.nanoTime(), INPUT_LIMIT, StoreOptions.MAX_ITEM, staging, request, store);
    }

    /** The options of the product's server: {@code --port N --memory MIB} and the engine's. */
    public static void main(String[] args) throws Exception {
        HostOptions.Parsed parsed = HostOptions.parse(List.of(args));
        List<String> rest = parsed.rest();
        StandInCache cache = new StandInCache(Long.parseLong(rest.get(rest.indexOf("--memory") + 1)));
        int port = Integer.parseInt(rest.get(rest.indexOf("--port") + 1));
        Host host = Host.start(parsed.options().withName("cache").withShards(1));
        Server server = Server.start(host, new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                host.lane("clients", 1_000), client -> cache.new Client());
        host.run(() -> {
            cache.tick();
            return null;
        });
        System.out.println("cache: listening on 127.0.0.1:" + server.port());
        host.untilSignalled();
    }

    private void tick() {
        store.clock(seconds());
        Shard.current().after(SECOND_NS, this::tick);
    }

    private static long seconds() {
        return System.currentTimeMillis() / 1000;
    }

    private final class Client implements Conversation {
        private final Session session = new Session(protocol);
        private final Output output = new Output(new Region(Arena.ofAuto().allocate(OUTPUT_BYTES, 8)), staging);

        @Override
        public int feed(Region in, int from, int to) {
            return session.feed(in, from, to, output);
        }

        @Override
        public int status() {
            return switch (session.status()) {
                case Session.NEEDS_INPUT -> INPUT;
                case Session.NEEDS_ROOM -> ROOM;
                case Session.WAITS -> LATER;
                default -> CLOSE;
            };
        }

        @Override
        public Region output() {
            return output.region();
        }

        @Override
        public int outputFrom() {
            return output.from();
        }

        @Override
        public int outputLength() {
            return output.length();
        }

        @Override
        public void sent(int bytes) {
            output.sent(bytes);
        }

        @Override
        public void close() {
            session.close();
            output.drop();
        }
    }
}
