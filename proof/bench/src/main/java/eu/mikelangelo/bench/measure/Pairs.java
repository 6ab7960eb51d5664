package eu.mikelangelo.bench.measure;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/**
 * Runs of ours and of a peer in turn, A B A B …, with a look at the cores before, between and after. A pair within
 * which the cores moved is done again, up to as many as were wanted; what then is still missing is taken from those.
 */
public record Pairs(double[] ours, double[] theirs, List<String> topology, int moved) {
    private record Pair(double ours, double theirs, String regime) {}

    private static final String MIXED = "mixed";

    /** @param regime says how far apart the cores are */
    public static Pairs run(int wanted, Supplier<String> regime, DoubleSupplier ours, DoubleSupplier theirs) {
        List<Pair> kept = new ArrayList<>();
        List<Pair> moved = new ArrayList<>();
        String before = regime.get();
        while (kept.size() < wanted && kept.size() + moved.size() < 2 * wanted) {
            double our = ours.getAsDouble();
            String between = regime.get();
            double their = theirs.getAsDouble();
            String after = regime.get();
            boolean still = before.equals(between) && between.equals(after) && !after.equals("between");
            (still ? kept : moved).add(new Pair(our, their, still ? after : MIXED));
            before = after;
        }
        int missing = wanted - kept.size();
        kept.addAll(moved.subList(0, Math.max(0, missing)));
        return new Pairs(kept.stream().mapToDouble(Pair::ours).toArray(),
                kept.stream().mapToDouble(Pair::theirs).toArray(),
                kept.stream().map(Pair::regime).toList(), moved.size());
    }

    /** For a row's note; empty when the cores kept still. */
    public String movedNote() {
        return moved == 0 ? "" : "; the cores moved within " + moved + " pairs, "
                + topology.stream().filter(MIXED::equals).count() + " of which count";
    }
}
