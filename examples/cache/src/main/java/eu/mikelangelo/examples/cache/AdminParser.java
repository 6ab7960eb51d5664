package eu.mikelangelo.examples.cache;

import eu.mikelangelo.examples.cache.bytes.Decimal;
import eu.mikelangelo.examples.cache.bytes.Text;
import eu.mikelangelo.memory.Region;

/** The commands for operators: stats, flush_all, verbosity, and those that this cache has no use for. */
final class AdminParser {
    private static final long ITEMS = Text.number("items");
    private static final long SLABS = Text.number("slabs");
    private static final long SIZES = Text.number("sizes");
    private static final long SETTINGS = Text.number("settings");
    private static final long RESET = Text.number("reset");
    private static final long CONNS = Text.number("conns");
    private static final long DETAIL = Text.number("detail");
    private static final long ON = Text.number("on");
    private static final long OFF = Text.number("off");
    private static final long DUMP = Text.number("dump");
    private static final long CACHEDUMP = Text.number("cachedum");
    private static final long REASSIGN = Text.number("reassign");
    private static final long AUTOMOVE = Text.number("automove");

    private final Tokens tokens;
    private final Decimal decimal;

    AdminParser(Tokens tokens, Decimal decimal) {
        this.tokens = tokens;
        this.decimal = decimal;
    }

    private static void say(Request request, Phrase phrase) {
        CommandParser.say(request, phrase);
    }

    void stats(Region in, Request request) {
        if (tokens.count() == 1) {
            ask(request, Op.GENERAL);
        } else if (tokens.is(in, 1, ITEMS, 5)) {
            ask(request, Op.ITEMS);
        } else if (tokens.is(in, 1, SLABS, 5)) {
            ask(request, Op.SLABS);
        } else if (tokens.is(in, 1, SIZES, 5)) {
            ask(request, Op.SIZES);
        } else if (tokens.is(in, 1, SETTINGS, 8)) {
            ask(request, Op.SETTINGS);
        } else if (tokens.is(in, 1, RESET, 5)) {
            ask(request, Op.RESET);
        } else if (tokens.is(in, 1, CONNS, 5)) {
            ask(request, Op.CONNECTIONS);
        } else if (tokens.is(in, 1, DETAIL, 6)) {
            detail(in, request);
        } else if (tokens.length(1) == 9 && Text.number(in, tokens.start(1), 8) == CACHEDUMP) {
            say(request, Phrase.NO_DUMP);
        }
    }

    private static void ask(Request request, int kind) {
        request.op = Op.STATS;
        request.kind = kind;
    }

    /** Counting by prefix of the key is not done here: it can be switched and shows nothing. */
    private void detail(Region in, Request request) {
        boolean known = tokens.count() > 2;
        if (known && (tokens.is(in, 2, ON, 2) || tokens.is(in, 2, OFF, 3))) {
            say(request, Phrase.OK);
        } else if (known && tokens.is(in, 2, DUMP, 4)) {
            say(request, Phrase.END);
        } else {
            say(request, Phrase.DETAIL_USAGE);
        }
    }

    void slabs(Region in, Request request) {
        if (tokens.count() == 4 && tokens.is(in, 1, REASSIGN, 8)) {
            say(request, Phrase.NO_REASSIGN);
        } else if (tokens.count() >= 3 && tokens.is(in, 1, AUTOMOVE, 8)) {
            say(request, Phrase.NO_REASSIGN);
        }
    }

    /** {@code flush_all [delay] [noreply]}; the delay is read like an expiry. */
    void flush(Region in, boolean quiet, Request request) {
        int count = tokens.count();
        if (count > 3) {
            return;
        }
        request.exptime = 0;
        if (count != (quiet ? 2 : 1)) {
            if (!decimal.signed64(in, tokens.start(1), tokens.end(1))) {
                say(request, Phrase.BAD_EXPTIME);
                return;
            }
            request.exptime = decimal.value;
        }
        request.op = Op.FLUSH_ALL;
    }

    /** {@code verbosity level [noreply]}: read, and without effect; what is logged is chosen at start. */
    void verbosity(Region in, Request request) {
        if (tokens.count() < 2 || tokens.count() > 3) {
            request.noreply = false;
            return;
        }
        boolean number = decimal.unsigned(in, tokens.start(1), tokens.end(1));
        say(request, number ? Phrase.OK : Phrase.BAD_FORMAT);
    }

    /** {@code cache_memlimit megabytes [noreply]}: memory is reserved at start, so it cannot be changed. */
    void memoryLimit(Region in, Request request) {
        if (tokens.count() < 2 || tokens.count() > 3) {
            request.noreply = false;
            return;
        }
        if (decimal.unsigned(in, tokens.start(1), tokens.end(1))) {
            say(request, Long.compareUnsigned(decimal.value, 8) < 0 ? Phrase.LIMIT_TOO_SMALL : Phrase.LIMIT_FIXED);
        }
    }
}
