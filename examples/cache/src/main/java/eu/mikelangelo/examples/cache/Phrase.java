package eu.mikelangelo.examples.cache;

import eu.mikelangelo.memory.Region;
import java.nio.charset.StandardCharsets;

/** A constant answer as whole words, to be stored without a loop over bytes. */
final class Phrase {
    static final Phrase STORED = line("STORED");
    static final Phrase NOT_STORED = line("NOT_STORED");
    static final Phrase EXISTS = line("EXISTS");
    static final Phrase NOT_FOUND = line("NOT_FOUND");
    static final Phrase DELETED = line("DELETED");
    static final Phrase TOUCHED = line("TOUCHED");
    static final Phrase OK = line("OK");
    static final Phrase END = line("END");
    static final Phrase RESET = line("RESET");
    static final Phrase NOOP = line("MN");
    static final Phrase META_MISS = line("EN");
    static final Phrase VERSION = line("VERSION " + Protocol.VERSION);

    static final Phrase ERROR = line("ERROR");
    static final Phrase NO_SHUTDOWN = line("ERROR: shutdown not enabled");
    static final Phrase BAD_FORMAT = client("bad command line format");
    static final Phrase LINE_TOO_LONG = client("line too long");
    static final Phrase BAD_CHUNK = client("bad data chunk");
    static final Phrase BAD_DELETE = client("bad command line format.  Usage: delete <key> [noreply]");
    static final Phrase BAD_EXPTIME = client("invalid exptime argument");
    static final Phrase BAD_DELTA = client("invalid numeric delta argument");
    static final Phrase NON_NUMERIC = client("cannot increment or decrement non-numeric value");
    static final Phrase TOO_MANY_FLAGS = client("options flags too long");
    static final Phrase TOO_MANY_FLAGS_GET = client("options flags are too long");
    static final Phrase DUPLICATE_FLAG = client("duplicate flag");
    static final Phrase INVALID_FLAG = client("invalid flag");
    static final Phrase BAD_FLAG = client("invalid or duplicate flag");
    static final Phrase BAD_TOKEN = client("bad token in command line format");
    static final Phrase BAD_BASE64 = client("error decoding key");
    static final Phrase BAD_MODE_LENGTH = client("incorrect length for M token");
    static final Phrase BAD_SET_MODE = client("invalid mode for ms M token");
    static final Phrase BAD_ARITHMETIC_MODE = client("invalid mode for ma M token");
    static final Phrase BAD_INITIAL = client("invalid numeric initial value");
    static final Phrase BAD_META_DELTA = client("invalid numeric delta value");
    static final Phrase OPAQUE_TOO_LONG = client("opaque token too long");
    static final Phrase DETAIL_USAGE = client("usage: stats detail on|off|dump");
    static final Phrase NO_DUMP = client("stats cachedump not allowed");
    static final Phrase NO_WATCH = client("watch commands not allowed");
    static final Phrase NO_CRAWLER = client("lru crawler disabled");
    static final Phrase NO_REASSIGN = client("slab reassignment disabled");
    static final Phrase LIMIT_TOO_SMALL = line("MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m");
    static final Phrase LIMIT_FIXED = line("MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust");
    static final Phrase TOO_LARGE = line("SERVER_ERROR object too large for cache");
    static final Phrase NO_MEMORY = line("SERVER_ERROR out of memory storing object");
    static final Phrase NO_MEMORY_DELTA = line("SERVER_ERROR out of memory");
    static final Phrase NO_MEMORY_NEW = line("SERVER_ERROR Out of memory allocating new item");
    static final Phrase NO_MEMORY_STATS = line("SERVER_ERROR out of memory writing stats");

    private final long[] words;
    private final int length;

    private Phrase(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        length = bytes.length;
        words = new long[(length + 7) / 8];
        for (int i = 0; i < length; i++) {
            words[i / 8] |= (long) bytes[i] << i % 8 * 8;
        }
    }

    static Phrase part(String text) {
        return new Phrase(text);
    }

    static Phrase line(String text) {
        return new Phrase(text + "\r\n");
    }

    private static Phrase client(String text) {
        return line("CLIENT_ERROR " + text);
    }

    /** Writes it, and up to seven zero bytes behind it. @return the offset behind it */
    int write(Region out, int at) {
        for (int i = 0; i < words.length; i++) {
            out.u64(at + 8 * i, words[i]);
        }
        return at + length;
    }
}
