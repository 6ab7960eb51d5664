package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.Row;
import eu.mikelangelo.bench.measure.Cores;
import eu.mikelangelo.bench.net.room.Room;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The same client against several peers, one comparison after the other. A row is that of the strongest, against which
 * we look worst; its note has the others.
 */
final class Rivals<C extends Client> {
    private final List<Circuit<C>> circuits;

    /** One that could not be had. */
    record Absent(String title) implements Circuit.Peer {
        @Override
        public <C extends Client> Side<C> start(Room room, Cores cores, Client.Kind<C> kind) {
            throw new IllegalStateException("no " + title + "; the first lines of this run say why");
        }
    }

    Rivals(List<Circuit<C>> circuits) {
        this.circuits = circuits;
    }

    /** As {@link Circuit#apart}. */
    Row apart(String row, double aim, String regime, Set<String> wanted) {
        return strongest(circuit -> circuit.apart(row, aim, regime, wanted));
    }

    /** As {@link Circuit#together}. */
    Row together(String row, double aim, int value) {
        return strongest(circuit -> circuit.together(row, aim, value));
    }

    private Row strongest(Function<Circuit<C>, Row> measure) {
        return strongest(circuits.stream().<Supplier<Row>>map(circuit -> () -> measure.apply(circuit)).toList());
    }

    /** @throws IllegalStateException when all have failed, that of the last one */
    static Row strongest(List<Supplier<Row>> all) {
        if (all.size() == 1) {
            return all.getFirst().get();
        }
        Row worst = null;
        StringBuilder notes = new StringBuilder();
        IllegalStateException failure = null;
        for (Supplier<Row> one : all) {
            try {
                Row row = one.get();
                notes.append("; against ").append(said(row));
                if (worst == null || row.ratio() != null && (worst.ratio() == null || row.ratio() < worst.ratio())) {
                    worst = row;
                }
            } catch (IllegalStateException failed) {
                failure = failed;
                notes.append("; a peer failed: ").append(failed.getMessage());
            }
        }
        if (worst == null) {
            throw failure;
        }
        return new Row(worst.bench(), worst.name(), worst.peer(), worst.metric(), worst.lowerIsBetter(), worst.ours(),
                worst.theirs(), worst.aim(), worst.topology(), worst.note() + notes);
    }

    private static String said(Row row) {
        return row.ratio() == null ? row.peer() + ": none" : String.format(Locale.ROOT,
                "%s: %.3f (median of ours %.4g, theirs %.4g, n=%d)", row.peer(), row.ratio(), Row.median(row.ours()),
                Row.median(row.theirs()), row.ours().length);
    }
}
