package eu.mikelangelo.cli.io;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.cli.Style;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@code mike io top} as lines of text, made of two looks at the counters. Knows no terminal. */
final class TopScreen {
    /** What a terminal has that does not say how wide it is. */
    static final int USUAL_COLUMNS = 80;

    /** What comes first. */
    enum Sort {
        RATE(Comparator.comparingDouble(row -> -row.rxFrames() - row.txFrames())),
        BYTES(Comparator.comparingDouble(row -> -row.rxBytes() - row.txBytes())),
        DROPS(Comparator.comparingDouble(row -> -row.drops())),
        CALLS(Comparator.comparingDouble(row -> -row.calls() - row.kicks())),
        LATENCY(Comparator.comparingDouble(row -> -row.p99Ns())),
        NAME(Comparator.comparing(TopRow::name));

        private final Comparator<TopRow> order;

        Sort(Comparator<TopRow> order) {
            this.order = order.thenComparing(TopRow::name);
        }

        Sort next() {
            return values()[(ordinal() + 1) % values().length];
        }

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static final List<String> HELP = List.of(
            "",
            "  q  quit                    s  sort by the next of: rate, bytes, drops,",
            "  p  pause and go on            calls, latency, name",
            "  ?  this page and back      r  look now",
            "",
            "  RX, TX      what the machine received and sent, per second",
            "  DROP        frames lost at this port, and the reason most of them have",
            "  CALL, KICK  interrupts asked of the guest, notifications from it",
            "  AVG batch   frames moved together",
            "  P50, P99    time of a burst in the plane: n, u, m, s (seconds)",
            "",
            "  busy        share of the core's time in turns that moved frames; the rest is",
            "              sleep, and looking in vain",
            "",
            "  A line mike io stats MACHINE tells more.");

    private final List<TopRow> rows = new ArrayList<>();
    private final List<String> cores = new ArrayList<>();
    private final boolean down;

    TopScreen(Fields before, Fields now) {
        down = !now.string("state", "").equals("up");
        boolean samePlane = before.integer("pid", 0) == now.integer("pid", 0)
                && before.integer("timeNs", 0) < now.integer("timeNs", 0);
        // After another plane's start its first look is compared with itself: nothing for one interval.
        Fields base = samePlane ? before : now;
        double seconds = samePlane ? (now.integer("timeNs", 0) - before.integer("timeNs", 0)) / 1e9 : 1;
        Map<String, Fields> known = new HashMap<>();
        base.objects("ports").forEach(port -> known.put(port.string("name", ""), port));
        for (Fields port : now.objects("ports")) {
            rows.add(TopRow.of(known.getOrDefault(port.string("name", ""), Fields.empty()), port, seconds));
        }
        List<Fields> cores = now.objects("cores");
        List<Fields> coresBefore = base.objects("cores");
        for (int i = 0; i < cores.size(); i++) {
            Fields coreBefore = i < coresBefore.size() ? coresBefore.get(i) : Fields.empty();
            this.cores.add(core(i, coreBefore, cores.get(i), seconds));
        }
    }

    private static String core(int index, Fields before, Fields now, double seconds) {
        double turns = delta(before, now, "turns");
        long cpu = now.integer("cpu", -1);
        return String.format(Locale.ROOT, "core %d%s  busy %s  asleep %s  %s sleeps/s  %s turns/s  %s empty",
                index, cpu < 0 ? "" : " CPU " + cpu,
                Amounts.percent(Math.min(1, delta(before, now, "busyNs") / 1e9 / seconds)),
                Amounts.percent(Math.min(1, delta(before, now, "asleepNs") / 1e9 / seconds)),
                Amounts.count(delta(before, now, "sleeps") / seconds), Amounts.count(turns / seconds),
                Amounts.percent(turns > 0 ? delta(before, now, "emptyTurns") / turns : 0));
    }

    private static double delta(Fields before, Fields now, String member) {
        return Math.max(0, now.integer(member, 0) - before.integer(member, 0));
    }

    /**
     * The screen, at most {@code height} lines, none longer than {@code width}.
     *
     * @param note takes the last line's place when not empty
     */
    List<String> lines(int height, int width, Sort sort, String note, Style style) {
        List<String> lines = new ArrayList<>();
        lines.add(style.bold(cut(down ? "the plane is down" : summary(), width)));
        int most = Math.max(1, Math.min(cores.size(), height / 4));
        for (int i = 0; i < Math.min(most, cores.size()); i++) {
            lines.add(cut(cores.get(i), width));
        }
        lines.add("");
        TopColumns columns = new TopColumns(width, rows);
        columns.heads().forEach(head -> lines.add(style.bold(cut(head, width))));
        int room = Math.max(1, height - lines.size() - 1);
        List<TopRow> sorted = rows.stream().sorted(sort.order).toList();
        int shown = sorted.size() <= room ? sorted.size() : room - 1;
        for (TopRow row : sorted.subList(0, shown)) {
            String line = cut(columns.line(row), width);
            lines.add(row.drops() > 0 ? style.red(line) : line);
        }
        if (shown < sorted.size()) {
            lines.add(cut("... and " + (sorted.size() - shown) + " more", width));
        }
        while (lines.size() < height - 1 && height < Integer.MAX_VALUE / 2) {
            lines.add("");
        }
        if (!note.isEmpty()) {
            lines.add(cut(note, width));
        }
        return lines.size() > height ? lines.subList(0, height) : lines;
    }

    private String summary() {
        double rx = 0;
        double tx = 0;
        double rxBytes = 0;
        double txBytes = 0;
        double drops = 0;
        for (TopRow row : rows) {
            rx += row.rxFrames();
            tx += row.txFrames();
            rxBytes += row.rxBytes();
            txBytes += row.txBytes();
            drops += row.drops();
        }
        return rows.size() + (rows.size() == 1 ? " port" : " ports") + "  rx " + Amounts.kilo(rx) + " kpps "
                + Amounts.giga(8 * rxBytes) + " Gbps  tx " + Amounts.kilo(tx) + " kpps " + Amounts.giga(8 * txBytes)
                + " Gbps  " + Amounts.count(drops) + " drops/s";
    }

    private static String cut(String text, int width) {
        return TopColumns.cut(text, width);
    }
}
