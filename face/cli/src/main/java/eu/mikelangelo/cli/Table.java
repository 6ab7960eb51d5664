package eu.mikelangelo.cli;

import java.util.ArrayList;
import java.util.List;

/** Text in columns, two blanks apart; the last one is not padded. */
public final class Table {
    private static final int GAP = 2;
    /** No column is cut below this. */
    private static final int LEAST = 8;
    private static final String CUT = "...";
    private final List<String[]> rows = new ArrayList<>();

    public Table(String... head) {
        rows.add(head);
    }

    public void row(String... cells) {
        rows.add(cells);
    }

    /** On a terminal as wide as that and with its head in bold; elsewhere everything in full. */
    public void print(Context context) {
        int[] widths = widths();
        // A terminal's width costs a few milliseconds to ask: not for a table that fits all of them.
        if (context.tty().out() && sum(widths) > LEAST * widths.length) {
            fit(widths, context.width(1, Integer.MAX_VALUE));
        }
        String text = text(widths);
        int head = text.indexOf('\n');
        context.out().print(context.style().bold(text.substring(0, head)) + text.substring(head));
    }

    private int[] widths() {
        int[] widths = new int[rows.getFirst().length];
        for (String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        return widths;
    }

    private static int sum(int[] widths) {
        int sum = GAP * (widths.length - 1);
        for (int width : widths) {
            sum += width;
        }
        return sum;
    }

    /** Takes from the widest column, one by one, until the line fits or nothing is left to take. */
    static void fit(int[] widths, int columns) {
        for (int over = sum(widths) - columns; over > 0; over--) {
            int widest = 0;
            for (int i = 1; i < widths.length; i++) {
                widest = widths[i] > widths[widest] ? i : widest;
            }
            if (widths[widest] <= LEAST) {
                return;
            }
            widths[widest]--;
        }
    }

    private String text(int[] widths) {
        StringBuilder text = new StringBuilder();
        for (String[] row : rows) {
            int start = text.length();
            for (int i = 0; i < row.length; i++) {
                String cell = row[i].length() <= widths[i] ? row[i]
                        : row[i].substring(0, widths[i] - CUT.length()) + CUT;
                text.append(cell);
                if (i < row.length - 1) {
                    text.append(" ".repeat(widths[i] - cell.length() + GAP));
                }
            }
            while (text.length() > start && text.charAt(text.length() - 1) == ' ') {
                text.setLength(text.length() - 1);
            }
            text.append('\n');
        }
        return text.toString();
    }

    @Override
    public String toString() {
        return text(widths());
    }
}
