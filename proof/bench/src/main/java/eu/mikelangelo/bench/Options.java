package eu.mikelangelo.bench;

import java.util.Set;
import java.util.function.Supplier;

/** What follows {@code ./do bench NAME}: how many pairs, which rows, against the strongest peers too, JSON or text. */
public record Options(boolean json, boolean quick, boolean harder, Set<String> only) {

    static Options parse(String[] words, int from) {
        boolean json = false;
        boolean quick = false;
        boolean harder = false;
        Set<String> only = Set.of();
        for (int i = from; i < words.length; i++) {
            switch (words[i]) {
                case "--json" -> json = true;
                case "--quick" -> quick = true;
                case "--harder" -> harder = true;
                case "--only" -> only = Set.of(words[++i].split(","));
                default -> throw new IllegalArgumentException("unknown option " + words[i]);
            }
        }
        return new Options(json, quick, harder, only);
    }

    /** Whether a row was asked for. */
    public boolean wants(String row) {
        return only.isEmpty() || only.contains(row);
    }

    /** Pairs (or runs) of a row: at least five, three with --quick. */
    public int pairs() {
        return quick ? 3 : 5;
    }

    /** Measures a row when it is wanted, prints it at once; what goes wrong is the row's note, not the bench's end. */
    public void row(String bench, String name, String metric, double aim, Supplier<Row> measure) {
        if (!wants(name)) {
            return;
        }
        Row row;
        try {
            row = measure.get();
        } catch (RuntimeException e) {
            row = Row.failed(bench, name, metric, aim, String.valueOf(e.getMessage()));
        }
        System.out.println(json ? row.json() : row.text());
        System.out.flush();
    }
}
