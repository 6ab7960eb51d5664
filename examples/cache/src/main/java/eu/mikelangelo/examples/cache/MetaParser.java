package eu.mikelangelo.examples.cache;

import eu.mikelangelo.examples.cache.bytes.Base64Key;
import eu.mikelangelo.examples.cache.bytes.Decimal;
import eu.mikelangelo.examples.cache.bytes.Text;
import eu.mikelangelo.memory.Region;

/** One line of the meta protocol (protocol.txt, "Meta Commands") to a request. Reused; one owner. */
final class MetaParser {
    /** Command, key and flags of one line, at most (memcached's limit). */
    private static final int MAX_WORDS = 19;
    /** Letters that stand in the token of a flag count: "O" and 31 more. */
    private static final int MAX_OPAQUE = 32;

    private static final long GET = Text.number("mg");
    private static final long SET = Text.number("ms");
    private static final long DELETE = Text.number("md");
    private static final long ARITHMETIC = Text.number("ma");
    private static final long DEBUG = Text.number("me");
    private static final long NOOP = Text.number("mn");

    private final CommandParser common;
    private final Tokens tokens;
    private final Decimal decimal;
    /** What is wrong with the flags, or null; a later flag's complaint replaces an earlier one's. */
    private Phrase wrong;
    private int decodedLength;

    MetaParser(CommandParser common, Tokens tokens, Decimal decimal) {
        this.common = common;
        this.tokens = tokens;
        this.decimal = decimal;
    }

    void parse(Region in, long word, Request request) {
        if (word == NOOP) {
            CommandParser.say(request, Phrase.NOOP);
        } else if (word == GET) {
            keyed(in, Op.META_GET, request, Phrase.TOO_MANY_FLAGS_GET);
        } else if (word == SET) {
            set(in, request);
        } else if (word == DELETE) {
            keyed(in, Op.META_DELETE, request, Phrase.TOO_MANY_FLAGS);
        } else if (word == ARITHMETIC) {
            keyed(in, Op.META_ARITHMETIC, request, Phrase.TOO_MANY_FLAGS);
        } else if (word == DEBUG) {
            debug(in, request);
        }
    }

    private boolean hasKey(Request request, Phrase tooMany) {
        if (tokens.count() < 2) {
            return false;
        }
        if (tokens.length(1) > Request.MAX_KEY) {
            CommandParser.say(request, Phrase.BAD_FORMAT);
            return false;
        }
        if (tokens.count() > MAX_WORDS) {
            CommandParser.say(request, tooMany);
            return false;
        }
        return true;
    }

    private void keyed(Region in, int op, Request request, Phrase tooMany) {
        if (!hasKey(request, tooMany)) {
            return;
        }
        if (!flags(in, 2, request)) {
            CommandParser.say(request, op == Op.META_GET ? wrong : Phrase.BAD_FLAG);
            return;
        }
        if (opaqueTooLong(in, 2, request)) {
            CommandParser.say(request, Phrase.OPAQUE_TOO_LONG);
            return;
        }
        if (op == Op.META_ARITHMETIC && !arithmeticMode(request)) {
            CommandParser.say(request, Phrase.BAD_ARITHMETIC_MODE);
            return;
        }
        finish(in, op, 2, request);
    }

    private static boolean arithmeticMode(Request request) {
        return switch (request.mode) {
            case 0, 'I', '+', 'D', '-' -> true;
            default -> false;
        };
    }

    /** {@code ms key bytes flags*}: once the length is known, what follows is skipped when the rest is wrong. */
    private void set(Region in, Request request) {
        if (tokens.count() == 2) {
            CommandParser.say(request, Phrase.BAD_FORMAT);
            return;
        }
        if (!hasKey(request, Phrase.TOO_MANY_FLAGS)) {
            return;
        }
        if (!decimal.signed64(in, tokens.start(2), tokens.end(2)) || decimal.value < 0
                || decimal.value > Integer.MAX_VALUE - 2 * Parser.MAX_LINE) {
            CommandParser.say(request, Phrase.BAD_FORMAT);
            return;
        }
        int bytes = (int) decimal.value;
        boolean good = flags(in, 3, request);
        if (good && !setMode(request)) {
            wrong = Phrase.BAD_SET_MODE;
            good = false;
        } else if (good && opaqueTooLong(in, 3, request)) {
            wrong = Phrase.OPAQUE_TOO_LONG;
            good = false;
        }
        if (!good) {
            CommandParser.say(request, wrong);
            request.noreply = false;
            common.skip(bytes + 2);
            return;
        }
        finish(in, Op.META_SET, 3, request);
        common.expectValue(bytes);
    }

    private static boolean setMode(Request request) {
        return switch (request.mode) {
            case 0, 'E', 'A', 'P', 'R', 'S' -> true;
            default -> false;
        };
    }

    private void debug(Region in, Request request) {
        if (tokens.count() < 2 || tokens.length(1) > Request.MAX_KEY) {
            CommandParser.say(request, Phrase.BAD_FORMAT);
            return;
        }
        request.meta = 0;
        wrong = null;
        if (tokens.count() > 2 && tokens.length(2) == 1 && in.u8(tokens.start(2)) == 'b') {
            request.meta = bit('b');
            decode(in, request);
        }
        if (wrong != null) {
            CommandParser.say(request, Phrase.BAD_FORMAT);
            return;
        }
        key(in, request);
        request.op = Op.META_DEBUG;
    }

    private void finish(Region in, int op, int firstFlag, Request request) {
        key(in, request);
        request.op = op;
        request.noreply = request.has('q');
        boolean any = tokens.count() > firstFlag;
        request.metaFrom = any ? tokens.start(firstFlag) : 0;
        request.metaTo = any ? tokens.end(tokens.count() - 1) : 0;
    }

    /** The flag b: the key is base64; it is kept decoded in the request's own memory. */
    private void decode(Region in, Request request) {
        decodedLength = Base64Key.decode(in, tokens.start(1), tokens.length(1), request.own, 0);
        wrong = decodedLength > 0 ? wrong : Phrase.BAD_BASE64;
    }

    private void key(Region in, Request request) {
        if (request.has('b')) {
            common.key(request.own, 0, decodedLength, request);
        } else {
            common.key(in, tokens.start(1), tokens.length(1), request);
        }
    }

    private static long bit(int letter) {
        return 1L << letter - 'A';
    }

    private boolean opaqueTooLong(Region in, int firstFlag, Request request) {
        if (request.has('O')) {
            for (int i = firstFlag; i < tokens.count(); i++) {
                if (in.u8(tokens.start(i)) == 'O') {
                    return tokens.length(i) > MAX_OPAQUE;
                }
            }
        }
        return false;
    }

    /** Reads all flags. @return false when one is wrong; then {@link #wrong} says what */
    private boolean flags(Region in, int first, Request request) {
        request.meta = 0;
        request.mode = 0;
        request.clientFlags = 0;
        request.exptime = 0;
        request.cas = 0;
        request.delta = 1;
        request.initial = 0;
        wrong = null;
        for (int i = first; i < tokens.count(); i++) {
            int letter = in.u8(tokens.start(i));
            if (letter > 'z' || letter >= 'A' && (request.meta & bit(letter)) != 0) {
                wrong = letter > 'z' && letter < 127 ? Phrase.INVALID_FLAG : Phrase.DUPLICATE_FLAG;
                return false;
            }
            if (letter < 'A' || !flag(in, letter, tokens.start(i) + 1, tokens.end(i), request)) {
                wrong = Phrase.INVALID_FLAG;
                return false;
            }
            request.meta |= bit(letter);
        }
        return wrong == null;
    }

    /** One flag and its token. @return false when the letter is unknown */
    private boolean flag(Region in, int letter, int from, int to, Request request) {
        switch (letter) {
            case 'b' -> decode(in, request);
            case 'c', 'f', 'h', 'k', 'l', 'q', 's', 't', 'u', 'v', 'I', 'L', 'O', 'P' -> { }
            case 'N', 'T', 'R' -> time(in, letter, from, to, request);
            case 'F' -> {
                if (decimal.unsigned(in, from, to) && decimal.value >>> 32 == 0) {
                    request.clientFlags = (int) decimal.value;
                } else if (wrong == null) {
                    wrong = Phrase.BAD_FORMAT;
                }
            }
            case 'C' -> {
                if (number(in, from, to, Phrase.BAD_TOKEN)) {
                    request.cas = decimal.value;
                }
            }
            case 'D' -> {
                if (number(in, from, to, Phrase.BAD_META_DELTA)) {
                    request.delta = decimal.value;
                }
            }
            case 'J' -> {
                if (number(in, from, to, Phrase.BAD_INITIAL)) {
                    request.initial = decimal.value;
                }
            }
            case 'M' -> {
                if (to - from == 1) {
                    request.mode = in.u8(from);
                } else {
                    wrong = Phrase.BAD_MODE_LENGTH;
                }
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean number(Region in, int from, int to, Phrase complaint) {
        boolean good = decimal.unsigned(in, from, to);
        wrong = good ? wrong : complaint;
        return good;
    }

    private void time(Region in, int letter, int from, int to, Request request) {
        if (!decimal.signed64(in, from, to)) {
            wrong = Phrase.BAD_TOKEN;
        } else if (letter == 'N') {
            request.vivifyTime = decimal.value;
        } else if (letter == 'T') {
            request.exptime = decimal.value;
        } else {
            request.recacheTime = decimal.value;
        }
    }
}
