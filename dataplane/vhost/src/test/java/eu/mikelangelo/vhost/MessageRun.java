package eu.mikelangelo.vhost;

/**
 * Runs programs of {@link VhostFuzz} from seeds until so many messages were handled ({@code ./do prove messages}):
 * without looking for coverage, so many times faster than a fuzzer. A seed stands for one program; that of a finding
 * is printed.
 */
public final class MessageRun {
    private static final long REPORT_EVERY = 1_000_000;

    private MessageRun() {}

    /**
     * {@code MESSAGES [FIRST-SEED]}. Exit code 1: a promise was broken; 2: the programs were not what they are meant to
     * be.
     */
    public static void main(String[] args) {
        long wanted = Long.parseLong(args[0]);
        long first = args.length > 1 ? Long.parseLong(args[1]) : 1;
        MessageTally tally = VhostFuzz.TALLY;
        long began = System.nanoTime();
        long next = REPORT_EVERY;
        for (long seed = first; tally.messages < wanted; seed++) {
            try {
                VhostFuzz.runSeed(seed);
            } catch (AssertionError found) {
                found.printStackTrace();
                System.out.println("FOUND by seed " + seed + ": " + found.getCause()
                        + "\nagain: ./do prove messages --messages 1 --seed " + seed);
                System.exit(1);
            }
            if (tally.messages >= next) {
                System.err.println(tally.summary());
                next += REPORT_EVERY;
            }
        }
        System.out.print(tally.report());
        System.out.printf("%-72s %,13d%n", "seeds from", first);
        System.out.printf("%-72s %13.1f%n", "seconds", (System.nanoTime() - began) / 1e9);
        boolean deep = 2 * tally.started >= tally.programs;
        boolean all = tally.rarestType() * 500 >= tally.messages || wanted < REPORT_EVERY;
        System.out.println("messages: no promise was broken"
                + (!deep ? ", but the programs stay at the door" : !all ? ", but a request is too rare" : ""));
        System.exit(deep && all ? 0 : 2);
    }
}
