package eu.mikelangelo.cli.io;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;

/** The columns of {@code mike io top} that a terminal has room for; those that say least leave first. Immutable. */
final class TopColumns {
    /** Of the first column, the name. */
    private static final int LEAST_NAME = 8;
    private static final String CUT = "...";

    private final Set<Column> columns = EnumSet.allOf(Column.class);
    private final int name;

    /** From left to right; a narrow terminal goes without those with the highest {@code leaves} first. */
    private enum Column {
        RX_RATE("RX", "kpps", 6, 1, row -> Amounts.kilo(row.rxFrames())),
        TX_RATE("TX", "kpps", 6, 0, row -> Amounts.kilo(row.txFrames())),
        RX_BITS("RX", "Gbps", 5, 4, row -> Amounts.giga(8 * row.rxBytes())),
        TX_BITS("TX", "Gbps", 5, 5, row -> Amounts.giga(8 * row.txBytes())),
        DROPS("DROP", "/s", 5, 2, row -> Amounts.count(row.drops())),
        REASON("MAIN", "reason", -10, 10, row -> row.reason()),
        CALLS("CALL", "/s", 5, 7, row -> Amounts.count(row.calls())),
        KICKS("KICK", "/s", 5, 8, row -> Amounts.count(row.kicks())),
        BATCH("AVG", "batch", 5, 9, row -> row.batch() == 0 ? "-" : String.format(Locale.ROOT, "%.1f", row.batch())),
        P50("P50", "", 4, 6, row -> Amounts.time(row.p50Ns())),
        P99("P99", "", 4, 3, row -> Amounts.time(row.p99Ns()));

        private final String head;
        private final String unit;
        /** Below zero: text begins at the left. */
        private final int width;
        private final int leaves;
        private final Function<TopRow, String> text;

        Column(String head, String unit, int width, int leaves, Function<TopRow, String> text) {
            this.head = head;
            this.unit = unit;
            this.width = width;
            this.leaves = leaves;
            this.text = text;
        }

        private String cell(String said) {
            int room = Math.abs(width);
            String fits = said.length() <= room ? said : said.substring(0, room);
            String blanks = " ".repeat(room - fits.length());
            return " " + (width < 0 ? fits + blanks : blanks + fits);
        }
    }

    /** @param width of the terminal */
    TopColumns(int width, List<TopRow> rows) {
        int longest = rows.stream().mapToInt(row -> row.name().length()).max().orElse(0);
        while (columns.size() > 1 && width - cells() < LEAST_NAME) {
            columns.stream().max((a, b) -> a.leaves - b.leaves).ifPresent(columns::remove);
        }
        name = Math.clamp(width - cells(), 1, Math.max(longest, LEAST_NAME));
    }

    private int cells() {
        return columns.stream().mapToInt(column -> 1 + Math.abs(column.width)).sum();
    }

    /** The two lines above the rows. */
    List<String> heads() {
        return List.of(line("", column -> column.head), line("PORT", column -> column.unit));
    }

    String line(TopRow row) {
        return line(row.name(), column -> column.text.apply(row));
    }

    private String line(String first, Function<Column, String> text) {
        List<String> parts = new ArrayList<>();
        String fits = cut(first, name);
        parts.add(fits + " ".repeat(name - fits.length()));
        columns.forEach(column -> parts.add(column.cell(text.apply(column))));
        return String.join("", parts).stripTrailing();
    }

    /** Text of that length at most; what is longer ends in "...". */
    static String cut(String text, int width) {
        if (text.length() <= width) {
            return text;
        }
        return width <= CUT.length() ? text.substring(0, width) : text.substring(0, width - CUT.length()) + CUT;
    }
}
