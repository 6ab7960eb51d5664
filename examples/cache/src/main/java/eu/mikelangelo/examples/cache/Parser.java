package eu.mikelangelo.examples.cache;

import eu.mikelangelo.examples.cache.bytes.Text;
import eu.mikelangelo.memory.Region;

/**
 * Bytes of one client to {@link Request}s, one at a time. A request is looked at first ({@link #next}) and taken
 * with {@link #commit} when it has been executed; until then asking again gives the same request, which is how a
 * full output stops a client.
 *
 * <p>A command whose line and value fit the input is parsed where it lies. A larger value is gathered, with its
 * line, in borrowed memory. The keys of a get come as they arrive: such a line has no limit. One owner.
 */
final class Parser {
    /** What {@link #next} returns. */
    static final int MORE = 0;
    static final int REQUEST = 1;
    static final int NO_BUFFER = 2;

    /** Longest command line, in bytes with its end, except for the keys of a get (as memcached's): there its head. */
    static final int MAX_LINE = 2048;
    /** Carriage return and newline behind a value. */
    private static final int LINE_END = 2;

    private static final int AT_LINE = 0;
    private static final int AT_KEYS = 1;
    private static final int GATHERING = 2;
    private static final int SKIPPING = 3;
    private static final int SKIPPING_LINE = 4;

    private final CommandParser commands;
    private final int inputLimit;
    private final int itemLimit;
    private final Staging staging;

    private int mode = AT_LINE;
    /** Bytes still to skip. */
    private long skip;
    /** Bytes of an unfinished line known to hold no line end. */
    private int scanned;
    /** Input bytes that go with {@link #commit}, and what holds after it. */
    private int taken;
    private int nextMode;
    private long nextSkip;

    private int keysOp;
    private long keysExptime;

    private Region staged;
    private int stagedLine;
    private int stagedHave;
    private int stagedNeed;

    Parser(Protocol protocol) {
        this.commands = protocol.commands;
        this.inputLimit = protocol.inputLimit;
        this.itemLimit = protocol.itemLimit;
        this.staging = protocol.staging;
    }

    /**
     * Looks at the next request in {@code in}, {@code from} to {@code to}.
     *
     * @return {@link #REQUEST}; or {@link #MORE}, and when bytes were {@link #taken} it is worth asking again; or
     *     {@link #NO_BUFFER}, when the memory that a value needs is lent to others and will come back
     */
    int next(Region in, int from, int to, Request request) {
        taken = 0;
        nextMode = AT_LINE;
        nextSkip = 0;
        request.gatherer = null;
        return switch (mode) {
            case AT_KEYS -> nextKey(in, from, to, request);
            case GATHERING -> gather(in, from, to, request);
            case SKIPPING -> skip(from, to);
            case SKIPPING_LINE -> skipLine(in, from, to);
            default -> nextLine(in, from, to, request);
        };
    }

    /** Input bytes used up: at once after {@link #MORE}, by {@link #commit} after {@link #REQUEST}. */
    int taken() {
        return taken;
    }

    /** The request is done with. */
    void commit() {
        if (mode == GATHERING) {
            release();
        }
        mode = nextMode;
        skip = nextSkip;
        scanned = 0;
    }

    /** Gives borrowed memory back: the client is gone. */
    void release() {
        if (staged != null) {
            staging.giveBack(staged);
            staged = null;
        }
    }

    /** The borrowed memory that the present request lies in is somebody else's to give back now. */
    Region handOver() {
        Region handed = staged;
        staged = null;
        return handed;
    }

    private int skip(int from, int to) {
        taken = (int) Math.min(skip, to - from);
        skip -= taken;
        if (skip == 0) {
            mode = AT_LINE;
        }
        return MORE;
    }

    private int skipLine(Region in, int from, int to) {
        int lineEnd = Text.newline(in, from, to);
        taken = lineEnd - from;
        if (lineEnd < to) {
            taken++;
            mode = AT_LINE;
        }
        return MORE;
    }

    private int nextLine(Region in, int from, int to, Request request) {
        int lineEnd = Text.newline(in, from + scanned, to);
        if (lineEnd == to) {
            return unfinishedLine(in, from, to, request);
        }
        taken = lineEnd + 1 - from;
        int end = lineEnd > from && in.u8(lineEnd - 1) == '\r' ? lineEnd - 1 : lineEnd;
        int keys = CommandParser.keysOf(in, from, Math.min(end, from + MAX_LINE));
        if (keys > 0) {
            return firstKey(in, keys, from, end, to, request);
        }
        if (lineEnd - from >= MAX_LINE) {
            return say(request, Phrase.LINE_TOO_LONG);
        }
        commands.parse(in, from, end, request);
        if (commands.valueBytes() >= 0) {
            return value(in, from, lineEnd + 1, to, request);
        }
        nextSkip = commands.skipBytes();
        nextMode = nextSkip > 0 ? SKIPPING : AT_LINE;
        return REQUEST;
    }

    private int unfinishedLine(Region in, int from, int to, Request request) {
        if (to - from <= MAX_LINE) {
            scanned = to - from;
            return MORE;
        }
        taken = to - from;
        int keys = CommandParser.keysOf(in, from, from + MAX_LINE);
        if (keys > 0) {
            return firstKey(in, keys, from, to, to, request);
        }
        nextMode = SKIPPING_LINE;
        return say(request, Phrase.LINE_TOO_LONG);
    }

    // ---- values ----

    /** A storage command: its value is here, or it is gathered, or it is refused and skipped. */
    private int value(Region in, int from, int behind, int to, Request request) {
        int bytes = commands.valueBytes();
        if (bytes > itemLimit - request.keyLength) {
            return refuse(request, Phrase.TOO_LARGE, bytes);
        }
        int whole = behind - from + bytes + LINE_END;
        if (to - from >= whole) {
            taken = whole;
            return complete(in, behind, bytes, request);
        }
        if (whole <= inputLimit) {
            // The line is parsed again when the value has come.
            taken = 0;
            scanned = 0;
            return MORE;
        }
        Region memory = staging.borrow(whole);
        if (memory == null && staging.isWorthWaiting(whole)) {
            scanned = 0;
            return NO_BUFFER;
        }
        if (memory == null) {
            return refuse(request, Phrase.NO_MEMORY, bytes);
        }
        staged = memory;
        stagedLine = behind - from;
        stagedNeed = whole;
        stagedHave = 0;
        scanned = 0;
        mode = GATHERING;
        return gather(in, from, to, request);
    }

    private int refuse(Request request, Phrase phrase, int bytes) {
        // As memcached: a key whose new value cannot be kept must not go on with the old one (set and meta set).
        boolean forget = request.op == Op.SET || request.op == Op.META_SET;
        if (request.op == Op.META_SET) {
            request.noreply = false;
        }
        request.op = forget ? Op.REFUSED_STORE : Op.SAY;
        request.phrase = phrase;
        nextMode = SKIPPING;
        nextSkip = bytes + LINE_END;
        return REQUEST;
    }

    private static int complete(Region memory, int valueFrom, int bytes, Request request) {
        request.valueFrom = valueFrom;
        request.valueLength = bytes;
        if (memory.u16(valueFrom + bytes) != ('\r' | '\n' << 8)) {
            if (request.op == Op.META_SET) {
                request.noreply = false;
            }
            request.op = Op.SAY;
            request.phrase = Phrase.BAD_CHUNK;
        }
        return REQUEST;
    }

    private int gather(Region in, int from, int to, Request request) {
        int copied = Math.min(to - from, stagedNeed - stagedHave);
        taken = copied;
        if (copied > 0 || stagedHave < stagedNeed) {
            Region.copy(in, from, staged, stagedHave, copied);
            stagedHave += copied;
            return MORE;
        }
        int end = stagedLine - 1;
        commands.parse(staged, 0, end > 0 && staged.u8(end - 1) == '\r' ? end - 1 : end, request);
        request.gatherer = this;
        return complete(staged, stagedLine, stagedNeed - stagedLine - LINE_END, request);
    }

    // ---- get, gets, gat, gats: key by key ----

    /** {@link #taken} is all up to the line's end or, where it has not come ({@code end == to}), all there is. */
    private int firstKey(Region in, int op, int from, int end, int to, Request request) {
        // A line refused before its end has come is skipped up to there.
        nextMode = end == to ? SKIPPING_LINE : AT_LINE;
        // What stands in front of the keys must be within the limit, wherever the input was cut.
        int head = Math.min(end, from + MAX_LINE);
        int at = Text.word(in, Text.space(in, Text.word(in, from, head), head), head);
        int word = at;
        boolean timed = op == Op.GAT || op == Op.GATS;
        if (timed) {
            at = Text.space(in, word, head);
        }
        if (at == from + MAX_LINE) {
            return say(request, Phrase.LINE_TOO_LONG);
        }
        if (word == end) {
            return say(request, Phrase.ERROR);
        }
        if (timed && !commands.exptime(in, word, at)) {
            return say(request, Phrase.BAD_EXPTIME);
        }
        if (end - from > Request.MAX_KEY && tooLongKey(in, at, end)) {
            // Known before the first answer, if the line has arrived whole: then this is the only answer.
            return say(request, Phrase.BAD_FORMAT);
        }
        keysOp = op;
        keysExptime = timed ? commands.number() : 0;
        nextMode = AT_LINE;
        return keyAt(in, from, at, to, request);
    }

    private static boolean tooLongKey(Region in, int from, int end) {
        int at = Text.word(in, from, end);
        while (at < end) {
            int stop = Text.space(in, at, end);
            if (stop - at > Request.MAX_KEY) {
                return true;
            }
            at = Text.word(in, stop, end);
        }
        return false;
    }

    private int nextKey(Region in, int from, int to, Request request) {
        return keyAt(in, from, from, to, request);
    }

    /** The key at or behind {@code at}; {@code from} is where the untaken input begins. */
    private int keyAt(Region in, int from, int at, int to, Request request) {
        int key = Text.word(in, at, to);
        int stop = Text.delimiter(in, key, to);
        if (stop == to) {
            return unfinishedKey(in, from, key, to, request);
        }
        boolean atEnd = in.u8(stop) == '\n';
        int end = atEnd && stop > key && in.u8(stop - 1) == '\r' ? stop - 1 : stop;
        taken = stop - from;
        if (end == key) {
            // Behind the last key nothing but blanks, and they came late: the end is said on its own.
            taken++;
            return say(request, Phrase.END);
        }
        if (end - key > Request.MAX_KEY) {
            nextMode = SKIPPING_LINE;
            return say(request, Phrase.BAD_FORMAT);
        }
        request.reset(keysOp);
        request.exptime = keysExptime;
        commands.key(in, key, end - key, request);
        int behind = atEnd ? stop : Text.word(in, stop, to);
        if (behind < to && in.u8(behind) == '\r') {
            behind++;
        }
        request.last = behind < to && in.u8(behind) == '\n';
        if (request.last) {
            taken = behind + 1 - from;
        } else {
            nextMode = AT_KEYS;
        }
        return REQUEST;
    }

    private int unfinishedKey(Region in, int from, int key, int to, Request request) {
        taken = key - from;
        mode = AT_KEYS;
        scanned = 0;
        if (to - key <= Request.MAX_KEY + 1) {
            return MORE;
        }
        taken = to - from;
        nextMode = SKIPPING_LINE;
        return say(request, Phrase.BAD_FORMAT);
    }

    private static int say(Request request, Phrase phrase) {
        request.reset(Op.SAY);
        request.phrase = phrase;
        return REQUEST;
    }
}
