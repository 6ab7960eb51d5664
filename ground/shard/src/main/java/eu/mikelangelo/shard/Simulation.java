package eu.mikelangelo.shard;

import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;

/**
 * Runs a host's shards on one thread, in an order and at a pace that a seed decides, under a clock of its own: what
 * goes
 * wrong in one order of a thousand is found by trying seeds, and happens again with the same seed. Agents, tasks,
 * fibers,
 * timers, mail and lanes are the real ones; only devices are missing ({@link Shard#watch} refuses).
 * {@snippet :
 * Simulation.check(1, 500, HostOptions.defaults().withShards(3), (host, random) -> {
 *     Sharded<int[]> counts = host.spread(shard -> new int[1]);
 *     host.run(() -> counts.on(2).call(count -> ++count[0]).await());
 * });
 * }
 *
 * <p>A shard may take many turns while another takes none; a turn takes some of the mail and of the tasks, in the order
 * in which a real one would; timers come late; now and then the machine is away for milliseconds. A scenario is as
 * repeatable as its code: it takes random numbers from the generator it is given, the time from {@link Shard#clockNs},
 * and uses neither threads nor {@code Thread.sleep}.
 *
 * <p>Threading: one thread; a scenario is as code that is no shard's.
 */
public final class Simulation {
    /** A scenario that takes more turns never ends. */
    public static final long MAX_TURNS = 20_000_000;
    private static final long PAUSE_NS = 5_000_000;
    private static final int TURN_NS = 2_000;
    private static final int MOST_MAIL_LOG = 8;
    private static final int MOST_TASKS = 8;

    private final SplittableRandom random;
    private long nowNs = 1_000_000_000_000L;
    private long turns;
    private long digest;
    private Host host;
    /** How often each shard has a turn; drawn anew from time to time. */
    private int[] paces;

    /** What is tried, with a host that is closed afterwards, and random numbers that belong to the seed. */
    @FunctionalInterface
    public interface Scenario {
        void run(Host host, SplittableRandom random) throws Exception;
    }

    /**
     * How a run ended.
     *
     * @param turns of all shards together
     * @param virtualNs how much time passed in it
     * @param digest of everything that happened: equal when the order was
     * @param failure what the scenario threw, or what {@link Host#errors} says after the end; null when all was well
     */
    public record Run(long seed, long turns, long virtualNs, long digest, Throwable failure) {}

    /** Some seed makes a scenario fail. */
    public static final class Failed extends AssertionError {
        private static final long serialVersionUID = 1L;
        private final long seed;

        Failed(Run run) {
            super("fails with seed " + run.seed + " after " + run.turns + " turns: " + run.failure, run.failure);
            seed = run.seed;
        }

        /** For {@link Simulation#run}, which shows it again. */
        public long seed() {
            return seed;
        }
    }

    private Simulation(SplittableRandom random) {
        this.random = random;
    }

    /** Tries {@code count} seeds. @throws Failed for the first with which the scenario fails */
    public static void check(long firstSeed, int count, HostOptions options, Scenario scenario) {
        for (int i = 0; i < count; i++) {
            Run run = run(firstSeed + i, options, scenario);
            if (run.failure != null) {
                throw new Failed(run);
            }
        }
    }

    /** Tries one seed. A scenario for which nothing can happen any more fails, as does one with errors or leaks. */
    public static Run run(long seed, HostOptions options, Scenario scenario) {
        SplittableRandom ofTheScenario = new SplittableRandom(seed);
        Simulation simulation = new Simulation(ofTheScenario.split());
        Host host = Host.simulated(options, simulation);
        simulation.host = host;
        simulation.paces = new int[host.size()];
        long beganNs = simulation.nowNs;
        Throwable failure = null;
        try (host) {
            scenario.run(host, ofTheScenario);
        } catch (Throwable thrown) {
            failure = thrown;
        }
        if (failure == null && host.errors().recorded() > 0) {
            failure = new AssertionError(host.errors().entries().toString());
        }
        return new Run(seed, simulation.turns, simulation.nowNs - beganNs, simulation.digest, failure);
    }

    long nowNs() {
        return nowNs;
    }

    /**
     * Runs the shards until something is so.
     *
     * @throws IllegalStateException when nothing can happen any more before that
     */
    void drive(BooleanSupplier until) {
        if (!until.getAsBoolean() && !onLoop(until, Long.MAX_VALUE)) {
            throw new IllegalStateException("nothing can happen any more: " + waiting());
        }
    }

    /** Runs them until no fiber is left, nothing can happen any more or time is over. */
    void driveToTheEnd(long ns) {
        onLoop(() -> waiting() == 0, nowNs + ns);
    }

    private long waiting() {
        long fibers = 0;
        for (int i = 0; i < host.size(); i++) {
            fibers += host.shard(i).fibers();
        }
        return fibers;
    }

    /** On a thread that is each shard's in turn. @return whether it came to be so */
    private boolean onLoop(BooleanSupplier until, long deadlineNs) {
        CountDownLatch ended = new CountDownLatch(1);
        Throwable[] broken = new Throwable[1];
        boolean[] reached = new boolean[1];
        Shard.Loop loop = new Shard.Loop(null, () -> {
            try {
                reached[0] = steps(until, deadlineNs);
            } catch (Throwable thrown) {
                broken[0] = thrown;
            } finally {
                ended.countDown();
            }
        }, host.options().name() + "-simulation");
        loop.start();
        try {
            ended.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a simulation ran", interrupted);
        }
        if (broken[0] != null) {
            throw Future.rethrow(broken[0]);
        }
        return reached[0];
    }

    private boolean steps(BooleanSupplier until, long deadlineNs) {
        Shard.Loop loop = (Shard.Loop) Thread.currentThread();
        while (!until.getAsBoolean() && nowNs - deadlineNs < 0) {
            if (++turns > MAX_TURNS) {
                throw new IllegalStateException("no end after " + MAX_TURNS + " turns");
            }
            if ((turns & 63) == 1) {
                drawPaces();
            }
            int work = turn(loop, next());
            if (work == 0 && isIdle() && !rest(loop)) {
                return until.getAsBoolean();
            }
        }
        return until.getAsBoolean();
    }

    private void drawPaces() {
        for (int i = 0; i < paces.length; i++) {
            paces[i] = 1 << random.nextInt(7);
        }
    }

    private Shard next() {
        int sum = 0;
        for (int pace : paces) {
            sum += pace;
        }
        int chosen = random.nextInt(sum);
        int index = 0;
        while (chosen >= paces[index]) {
            chosen -= paces[index++];
        }
        return host.shard(index);
    }

    private int turn(Shard.Loop loop, Shard shard) {
        loop.shard = shard;
        nowNs += 1 + (random.nextInt(256) == 0 ? random.nextLong(PAUSE_NS) : random.nextInt(TURN_NS));
        shard.look();
        // As in a turn for mail alone: what it makes ready runs at once, as long as nothing else waits.
        shard.lanes().atOnce(random.nextInt(4) == 0);
        int work = shard.mail(random.nextInt(4) == 0 ? 0 : 1 << random.nextInt(MOST_MAIL_LOG + 1));
        shard.lanes().atOnce(false);
        work += shard.agents().poll(shard.nowNs());
        for (int batches = random.nextInt(4); batches > 0; batches--) {
            Lane.Queue lane = someLane(shard);
            work += lane == null ? 0 : shard.run(lane, 1 + random.nextInt(MOST_TASKS));
        }
        work += random.nextInt(4) == 0 ? 0 : shard.fireTimers();
        shard.flush();
        digest = (digest ^ nowNs ^ (long) work << 8 ^ shard.index()) * 0x9e3779b97f4a7c15L;
        digest ^= digest >>> 29;
        return work;
    }

    /** Any that has work: how much time each has had depends on the speed of a machine. */
    private Lane.Queue someLane(Shard shard) {
        Lane.Queue chosen = null;
        int seen = 0;
        for (Lane.Queue lane : shard.lanes().used()) {
            if (lane.size() > 0 && random.nextInt(++seen) == 0) {
                chosen = lane;
            }
        }
        return chosen;
    }

    private boolean isIdle() {
        for (int i = 0; i < host.size(); i++) {
            Shard shard = host.shard(i);
            if (shard.hasNews() || shard.post().held() > 0 || shard.nextNs() <= nowNs) {
                return false;
            }
        }
        return true;
    }

    /** All would sleep: time goes on to when something is to be done. @return false when that is never */
    private boolean rest(Shard.Loop loop) {
        long next = Long.MAX_VALUE;
        boolean quiet = true;
        for (int i = 0; i < host.size(); i++) {
            Shard shard = host.shard(i);
            loop.shard = shard;
            shard.look();
            quiet &= shard.agents().poll(shard.nowNs()) == 0 && shard.agents().beforeSleep();
            shard.flush();
            next = Math.min(next, shard.nextNs());
        }
        quiet &= isIdle();
        if (quiet && next != Long.MAX_VALUE) {
            nowNs = Math.max(nowNs, next);
        }
        for (int i = 0; i < host.size(); i++) {
            loop.shard = host.shard(i);
            loop.shard.agents().afterSleep();
        }
        return !quiet || next != Long.MAX_VALUE;
    }
}
