package eu.mikelangelo.examples.cache;

import eu.mikelangelo.examples.cache.bytes.Decimal;
import eu.mikelangelo.examples.cache.bytes.KeyHash;
import eu.mikelangelo.examples.cache.bytes.Text;
import eu.mikelangelo.memory.Region;

/** One command line to a request: the classic commands. Reused; one owner. */
final class CommandParser {
    private static final int NONE = -1;

    private static final long GET_ = Text.number("get ");
    private static final long GETS_ = Text.number("gets ");
    private static final long GAT_ = Text.number("gat ");
    private static final long GATS_ = Text.number("gats ");
    private static final long BGET_ = Text.number("bget ");
    private static final long SET = Text.number("set");
    private static final long ADD = Text.number("add");
    private static final long REPLACE = Text.number("replace");
    private static final long APPEND = Text.number("append");
    private static final long PREPEND = Text.number("prepend");
    private static final long CAS = Text.number("cas");
    private static final long DELETE = Text.number("delete");
    private static final long INCR = Text.number("incr");
    private static final long DECR = Text.number("decr");
    private static final long TOUCH = Text.number("touch");
    private static final long NOREPLY = Text.number("noreply");
    private static final long VERSION = Text.number("version");
    private static final long QUIT = Text.number("quit");
    private static final long STATS = Text.number("stats");
    private static final long FLUSH = Text.number("flush_al");
    private static final long VERBOSITY = Text.number("verbosit");
    private static final long SHUTDOWN = Text.number("shutdown");
    private static final long SLABS = Text.number("slabs");
    private static final long WATCH = Text.number("watch");
    private static final long CRAWLER = Text.number("lru_craw");
    private static final long LIMIT = Text.number("cache_me");
    private static final long HTTP = Text.number("HTTP/");

    private final long seed;
    private final Tokens tokens = new Tokens();
    private final Decimal decimal = new Decimal();
    private final MetaParser meta;
    private final AdminParser admin;
    private int valueBytes;
    private int skipBytes;

    CommandParser(long seed) {
        this.seed = seed;
        this.meta = new MetaParser(this, tokens, decimal);
        this.admin = new AdminParser(tokens, decimal);
    }

    /** After {@link #parse}: bytes of the value that follows the line, or -1 when none does. */
    int valueBytes() {
        return valueBytes;
    }

    /** After {@link #parse} without a value: bytes behind the line that belong to a refused command. */
    int skipBytes() {
        return skipBytes;
    }

    void expectValue(int bytes) {
        valueBytes = bytes;
    }

    void skip(int bytes) {
        skipBytes = bytes;
    }

    /** The operation of a line that reads keys, else 0. */
    static int keysOf(Region in, int from, int end) {
        int at = Text.word(in, from, end);
        if (end - at < 5) {
            return 0;
        }
        long word = Text.number(in, at, 5);
        long four = word & 0xffffffffL;
        if (four == GET_) {
            return Op.GET;
        } else if (word == GETS_) {
            return Op.GETS;
        } else if (four == GAT_) {
            return Op.GAT;
        } else if (word == GATS_) {
            return Op.GATS;
        }
        // An old name for get that memcached still knows.
        return word == BGET_ ? Op.GET : 0;
    }

    /** Parses {@code from..end}, a line without its end; always makes a request of it. */
    void parse(Region in, int from, int end, Request request) {
        valueBytes = NONE;
        skipBytes = 0;
        request.reset(Op.SAY);
        request.phrase = Phrase.ERROR;
        request.region = in;
        tokens.split(in, from, end);
        if (tokens.count() == 0) {
            return;
        }
        int length = tokens.length(0);
        long word = Text.number(in, tokens.start(0), Math.min(length, Long.BYTES));
        switch (length) {
            case 2 -> meta.parse(in, word, request);
            case 3 -> store(in, word == SET ? Op.SET : word == ADD ? Op.ADD : word == CAS ? Op.CAS : 0, request);
            case 4 -> four(in, word, request);
            case 5 -> five(in, word, request);
            case 6 -> six(in, word, request);
            case 7 -> seven(in, word, request);
            case 8 -> shutdown(word, request);
            default -> longer(in, word, length, request);
        }
        if (request.op == Op.SAY && request.phrase == Phrase.ERROR) {
            webBrowser(in, request);
        }
    }

    private void four(Region in, long word, Request request) {
        if (word == INCR || word == DECR) {
            arithmetic(in, word == INCR ? Op.INCREMENT : Op.DECREMENT, request);
        } else if (word == QUIT) {
            request.op = Op.QUIT;
        }
    }

    private void five(Region in, long word, Request request) {
        if (word == TOUCH) {
            touch(in, request);
        } else if (word == STATS) {
            admin.stats(in, request);
        } else if (word == SLABS) {
            admin.slabs(in, request);
        } else if (word == WATCH) {
            say(request, Phrase.NO_WATCH);
        }
    }

    private void six(Region in, long word, Request request) {
        if (word == DELETE) {
            delete(in, request);
        } else if (word == APPEND) {
            store(in, Op.APPEND, request);
        }
    }

    private void seven(Region in, long word, Request request) {
        if (word == REPLACE || word == PREPEND) {
            store(in, word == REPLACE ? Op.REPLACE : Op.PREPEND, request);
        } else if (word == VERSION) {
            say(request, Phrase.VERSION);
        }
    }

    private static void shutdown(long word, Request request) {
        if (word == SHUTDOWN) {
            say(request, Phrase.NO_SHUTDOWN);
        }
    }

    private void longer(Region in, long word, int length, Request request) {
        int last = in.u8(tokens.end(0) - 1);
        if (word == FLUSH && length == 9 && last == 'l') {
            admin.flush(in, noreply(in, request), request);
        } else if (word == VERBOSITY && length == 9 && last == 'y') {
            noreply(in, request);
            admin.verbosity(in, request);
        } else if (word == CRAWLER && length == 11 && tokens.count() > 1) {
            say(request, Phrase.NO_CRAWLER);
        } else if (word == LIMIT && length == 14) {
            noreply(in, request);
            admin.memoryLimit(in, request);
        }
    }

    /** A browser on the wrong port would take our answers for a page and run what others stored: no answer at all. */
    private void webBrowser(Region in, Request request) {
        int lastToken = Math.min(tokens.count(), Tokens.MAX) - 1;
        // Only methods of HTTP, which are in capitals: a wrong line of ours that happens to end so is just wrong.
        boolean capital = in.u8(tokens.start(0)) <= 'Z';
        if (capital && tokens.length(lastToken) >= 5 && Text.number(in, tokens.start(lastToken), 5) == HTTP) {
            request.op = Op.QUIT;
        }
    }

    static void say(Request request, Phrase phrase) {
        request.op = Op.SAY;
        request.phrase = phrase;
    }

    private boolean noreply(Region in, Request request) {
        int lastToken = Math.min(tokens.count(), Tokens.MAX) - 1;
        request.noreply = lastToken > 0 && tokens.is(in, lastToken, NOREPLY, 7);
        return request.noreply;
    }

    /** Points the request at its key and hashes it. */
    void key(Region in, long from, int length, Request request) {
        request.keyRegion = in;
        request.keyFrom = from;
        request.keyLength = length;
        request.hash = KeyHash.of(in, from, length, seed);
    }

    private boolean keyToken(Region in, Request request) {
        if (tokens.length(1) > Request.MAX_KEY) {
            say(request, Phrase.BAD_FORMAT);
            return false;
        }
        key(in, tokens.start(1), tokens.length(1), request);
        return true;
    }

    /** True when the word is a time; see {@link #number}. */
    boolean exptime(Region in, int from, int to) {
        return decimal.signed64(in, from, to);
    }

    /** What was read last. */
    long number() {
        return decimal.value;
    }

    private boolean exptime(Region in, int token) {
        return decimal.signed64(in, tokens.start(token), tokens.end(token));
    }

    private boolean unsigned(Region in, int token) {
        return decimal.unsigned(in, tokens.start(token), tokens.end(token));
    }

    /** {@code set key flags exptime bytes [noreply]}; cas has its number before the noreply. */
    private void store(Region in, int op, Request request) {
        int least = op == Op.CAS ? 6 : 5;
        if (op == 0 || tokens.count() < least || tokens.count() > least + 1) {
            return;
        }
        noreply(in, request);
        request.phrase = Phrase.BAD_FORMAT;
        if (!keyToken(in, request) || !unsigned(in, 2) || decimal.value >>> 32 != 0) {
            return;
        }
        request.clientFlags = (int) decimal.value;
        if (!exptime(in, 3)) {
            return;
        }
        request.exptime = decimal.value;
        if (!exptime(in, 4) || decimal.value < 0 || decimal.value > Integer.MAX_VALUE - 2 * Parser.MAX_LINE) {
            return;
        }
        int bytes = (int) decimal.value;
        request.cas = 0;
        if (op == Op.CAS) {
            if (!unsigned(in, 5)) {
                return;
            }
            request.cas = decimal.value;
        }
        request.op = op;
        valueBytes = bytes;
    }

    /** {@code delete key [0] [noreply]}; the zero is a time of old clients. */
    private void delete(Region in, Request request) {
        int count = tokens.count();
        if (count < 2 || count > 4) {
            return;
        }
        if (count > 2) {
            boolean zero = tokens.length(2) == 1 && in.u8(tokens.start(2)) == '0';
            boolean quiet = noreply(in, request);
            if (!(count == 3 ? zero || quiet : zero && quiet)) {
                say(request, Phrase.BAD_DELETE);
                return;
            }
        }
        if (keyToken(in, request)) {
            request.op = Op.DELETE;
        }
    }

    /** {@code incr key delta [noreply]}. */
    private void arithmetic(Region in, int op, Request request) {
        if (tokens.count() < 3 || tokens.count() > 4) {
            return;
        }
        noreply(in, request);
        if (!keyToken(in, request)) {
            return;
        }
        if (!unsigned(in, 2)) {
            say(request, Phrase.BAD_DELTA);
            return;
        }
        request.delta = decimal.value;
        request.op = op;
    }

    /** {@code touch key exptime [noreply]}. */
    private void touch(Region in, Request request) {
        if (tokens.count() < 3 || tokens.count() > 4) {
            return;
        }
        noreply(in, request);
        if (!keyToken(in, request)) {
            return;
        }
        if (!exptime(in, 2)) {
            say(request, Phrase.BAD_EXPTIME);
            return;
        }
        request.exptime = decimal.value;
        request.op = Op.TOUCH;
    }
}
