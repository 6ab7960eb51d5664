package eu.mikelangelo.examples.cache;

import eu.mikelangelo.examples.cache.bytes.Text;
import eu.mikelangelo.memory.Region;

/** The words of one command line, separated by spaces. Reused; one owner. */
final class Tokens {
    /** Words of a line beyond this many are counted as one more and not kept: no command has so many. */
    static final int MAX = 23;

    private final int[] starts = new int[MAX + 1];
    private final int[] ends = new int[MAX + 1];
    private int count;

    /** Finds the words of {@code from..to}, which holds no line end. */
    void split(Region in, int from, int to) {
        count = 0;
        int at = from;
        while (count <= MAX) {
            at = Text.word(in, at, to);
            if (at == to) {
                return;
            }
            starts[count] = at;
            at = Text.space(in, at, to);
            ends[count++] = at;
        }
    }

    int count() {
        return count;
    }

    int start(int token) {
        return starts[token];
    }

    int end(int token) {
        return ends[token];
    }

    int length(int token) {
        return ends[token] - starts[token];
    }

    /** True when the word is {@code text}, of up to eight characters. */
    boolean is(Region in, int token, long text, int length) {
        return length(token) == length && Text.number(in, starts[token], length) == text;
    }
}
