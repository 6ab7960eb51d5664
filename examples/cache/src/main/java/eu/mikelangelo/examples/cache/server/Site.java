package eu.mikelangelo.examples.cache.server;

import eu.mikelangelo.examples.cache.Keeper;
import eu.mikelangelo.examples.cache.Op;
import eu.mikelangelo.examples.cache.Output;
import eu.mikelangelo.examples.cache.Protocol;
import eu.mikelangelo.examples.cache.Request;
import eu.mikelangelo.examples.cache.StagingPool;
import eu.mikelangelo.examples.cache.StatsAnswer;
import eu.mikelangelo.examples.cache.Store;
import eu.mikelangelo.examples.cache.StoreOptions;
import eu.mikelangelo.examples.cache.Totals;
import eu.mikelangelo.examples.cache.bytes.KeyHash;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.Sharded;
import eu.mikelangelo.shard.Timer;
import eu.mikelangelo.shard.io.Server;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * The cache on one shard: its store, and what its clients have in common. It keeps what it owns and sends requests for
 * other keys on {@link Trip}s to their owners. One shard's alone.
 */
final class Site implements Keeper, AutoCloseable {
    private static final int LARGE = (1 << 20) + 4096;
    private static final int LARGE_BUFFERS = 16;
    static final int OUTPUT_BYTES = 64 << 10;
    /** Clients with answers that they do not read; more of them are sent away. */
    private static final int MAX_OUTPUTS = 4096;
    /** Trips and outputs that wait to be used again; the rest is left to the collector. */
    private static final int SPARE = 256;
    private static final long CLOCK_NS = 100_000_000;
    /** Places of the table cleared of what has expired, ten times a second. */
    private static final int SWEEP = 512;

    final Shard shard;
    final Store store;
    final Lender lender;
    final Protocol protocol;
    private final Arena arena = Arena.ofShared();
    private final Timer clock;
    private final StatsAnswer answer = new StatsAnswer();
    private final ArrayDeque<Output> outputs = new ArrayDeque<>(SPARE);
    private final ArrayDeque<Trip> trips = new ArrayDeque<>(SPARE);
    private Sharded<Site> sites;
    private int lent;
    private int abroad;
    /** The client whose request is being executed. */
    Talk talking;
    long clients;
    long allClients;
    long bytesRead;
    long bytesWritten;

    /** @param wallMs the wall clock, in milliseconds since 1970, which may be set at any time */
    Site(Shard shard, StoreOptions options, long seed, LongSupplier wallMs) {
        this.shard = shard;
        long startNs = shard.clockNs();
        long startSeconds = wallMs.getAsLong() / 1_000;
        store = new Store((bytes, alignment) -> shard.memory().reserve(bytes), options, startSeconds);
        lender = new Lender(shard, new StagingPool(arena, LARGE_BUFFERS, LARGE), LARGE);
        Request request = new Request(new Region(arena.allocate(Request.MIN_MEMORY, 8)));
        protocol = new Protocol(seed, Server.INPUT_BYTES, options.itemLimit(), lender, request, this);
        clock = shard.every(CLOCK_NS, () -> {
            store.clock(startSeconds + (shard.nowNs() - startNs) / 1_000_000_000);
            store.wallClock(wallMs.getAsLong() / 1_000);
            store.sweep(SWEEP);
            lender.clock(shard.nowNs());
        });
    }

    /** Learns of the others; before there are clients. */
    void join(Sharded<Site> all) {
        sites = all;
    }

    @Override
    public int execute(Request request, Output output) {
        if (Op.isKeyed(request.op())) {
            int owner = KeyHash.owner(request.hash(), sites.size());
            return owner == shard.index() ? store.execute(request, output) : send(owner, request, output);
        }
        if (sites.size() > 1) {
            return send(Trip.EVERYWHERE, request, output);
        }
        return request.op() == Op.STATS && request.kind() != Op.RESET
                ? stats(request, output) : store.execute(request, output);
    }

    private int stats(Request request, Output output) {
        answer.totals().clear();
        addTo(answer.totals());
        return answer.write(request.kind(), output);
    }

    /** Adds what this shard has to an answer to stats. */
    void addTo(Totals sum) {
        store.addTo(sum);
        sum.addConnections(clients, allClients, bytesRead, bytesWritten);
    }

    private int send(int owner, Request request, Output output) {
        abroad++;
        Trip trip = trips.isEmpty() ? new Trip(this) : trips.poll();
        if (!trip.load(request)) {
            if (lender.isWorthWaiting(request.copyBytes())) {
                giveBack(trip);
                return NO_BUFFER;
            }
            if (!request.refuse(output)) {
                giveBack(trip);
                return DONE;
            }
            trip.load(request);
        }
        trip.start(talking, owner);
        return LATER;
    }

    /** The one of the shard that calls. */
    Site here() {
        return sites.here();
    }

    int shards() {
        return sites.size();
    }

    void giveBack(Trip trip) {
        abroad--;
        if (trips.size() < SPARE) {
            trips.push(trip);
        }
    }

    /** A buffer for answers; null when too many clients do not read theirs. */
    Output lendOutput() {
        if (lent == MAX_OUTPUTS) {
            return null;
        }
        lent++;
        return outputs.isEmpty()
                ? new Output(new Region(Arena.ofAuto().allocate(OUTPUT_BYTES, 64)), lender) : outputs.pop();
    }

    /** Takes back an empty one. */
    void giveBack(Output output) {
        lent--;
        if (outputs.size() < SPARE) {
            outputs.push(output);
        }
    }

    /** What should be back when no client is left. */
    List<String> leaks() {
        List<String> left = new ArrayList<>();
        if (clients > 0) {
            left.add(clients + " clients");
        }
        if (lent > 0) {
            left.add(lent + " buffers for answers");
        }
        if (lender.free() < LARGE_BUFFERS) {
            left.add(LARGE_BUFFERS - lender.free() + " large buffers");
        }
        if (lender.waiting() > 0) {
            left.add(lender.waiting() + " who wait for large buffers");
        }
        if (abroad > 0) {
            left.add(abroad + " trips");
        }
        return left;
    }

    @Override
    public void close() {
        clock.close();
        lender.close();
        arena.close();
    }
}
