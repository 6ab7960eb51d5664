package eu.mikelangelo.bench.measure;

import eu.mikelangelo.linux.Cpus;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * How far apart the two cores are now: a machine that moves its virtual processors about has them behind one cache at
 * one time and not at another, and both peers are much slower then.
 */
public final class Regime {
    /** Nanoseconds from one core to the other: nearer is near, farther is far. */
    public static final double NEAR_NS = 70;
    public static final double FAR_NS = 120;
    private static final int BATCHES = 20;
    private static final int ROUND_TRIPS = 1_000;
    private static final int STRIDE = 64;
    private static final VarHandle TURN = MethodHandles.arrayElementVarHandle(long[].class);

    private Regime() {}

    /** "near", "far" or "between", by the median of many batches of round trips. */
    public static String now(Cores cores) {
        return name(oneWayNs(cores));
    }

    public static String name(double oneWayNs) {
        return oneWayNs < NEAR_NS ? "near" : oneWayNs > FAR_NS ? "far" : "between";
    }

    private static double oneWayNs(Cores cores) {
        // The turn in a cache line of its own: even for one side, odd for the other.
        long[] line = new long[3 * STRIDE];
        double[] took = new double[BATCHES];
        Thread other = Thread.ofPlatform().start(() -> {
            Cpus.pin(cores.client());
            for (long i = 0; i < (long) BATCHES * ROUND_TRIPS; i++) {
                await(line, 2 * i + 1);
                TURN.setRelease(line, STRIDE, 2 * i + 2);
            }
        });
        Thread one = Thread.ofPlatform().start(() -> {
            Cpus.pin(cores.server());
            long i = 0;
            for (int batch = 0; batch < BATCHES; batch++) {
                long start = System.nanoTime();
                for (int trip = 0; trip < ROUND_TRIPS; trip++, i++) {
                    TURN.setRelease(line, STRIDE, 2 * i + 1);
                    await(line, 2 * i + 2);
                }
                took[batch] = (System.nanoTime() - start) / 2.0 / ROUND_TRIPS;
            }
        });
        try {
            one.join();
            other.join();
        } catch (InterruptedException stop) {
            throw new IllegalStateException(stop);
        }
        Arrays.sort(took);
        return took[BATCHES / 2];
    }

    private static void await(long[] line, long turn) {
        while ((long) TURN.getAcquire(line, STRIDE) != turn) {
            Thread.onSpinWait();
        }
    }
}
