package eu.mikelangelo.virtio.mock;

/**
 * Runs programs of {@link RingFuzz} from seeds until so many ring operations were done ({@code ./do prove rings}):
 * without looking for coverage, so many times faster than a fuzzer. A seed stands for one program; that of a finding
 * is printed.
 */
public final class RingRun {
    private static final long REPORT_EVERY = 10_000_000;

    private RingRun() {}

    /**
     * {@code OPERATIONS [FIRST-SEED]}. Exit code 1: a promise was broken; 2: the programs were not what they are
     * meant to be.
     */
    public static void main(String[] args) {
        long wanted = Long.parseLong(args[0]);
        long first = args.length > 1 ? Long.parseLong(args[1]) : 1;
        RingTally tally = RingFuzz.TALLY;
        long began = System.nanoTime();
        long next = REPORT_EVERY;
        for (long seed = first; tally.operations < wanted; seed++) {
            try {
                RingFuzz.runSeed(seed);
            } catch (AssertionError found) {
                found.printStackTrace();
                System.out.println("FOUND by seed " + seed + ": " + found.getCause()
                        + "\nagain: ./do prove rings --operations 1 --seed " + seed);
                System.exit(1);
            }
            if (tally.operations >= next) {
                System.err.println(tally.summary());
                next += REPORT_EVERY;
            }
        }
        System.out.print(tally.report());
        System.out.printf("%-48s %,15d%n", "seeds from", first);
        System.out.printf("%-48s %15.1f%n", "seconds", (System.nanoTime() - began) / 1e9);
        boolean deep = 2 * tally.reached >= tally.programs;
        boolean all = tally.rarestMix() * RingTally.MIXES * 4 >= tally.operations || wanted < REPORT_EVERY;
        System.out.println("rings: no promise was broken"
                + (!deep ? ", but the programs stay at the door" : !all ? ", but a mix of features is too rare" : ""));
        System.exit(deep && all ? 0 : 2);
    }
}
