package eu.mikelangelo.examples.cache;

/** What a request asks. Numbers, not an enum: they cross shards as plain integers. */
public final class Op {
    public static final int GET = 1;
    public static final int GETS = 2;
    public static final int GAT = 3;
    public static final int GATS = 4;
    public static final int SET = 5;
    public static final int ADD = 6;
    public static final int REPLACE = 7;
    public static final int APPEND = 8;
    public static final int PREPEND = 9;
    public static final int CAS = 10;
    public static final int DELETE = 11;
    public static final int INCREMENT = 12;
    public static final int DECREMENT = 13;
    public static final int TOUCH = 14;
    public static final int META_GET = 15;
    public static final int META_SET = 16;
    public static final int META_DELETE = 17;
    public static final int META_ARITHMETIC = 18;
    public static final int META_DEBUG = 19;
    /** A store that was refused: what the key held is stale and goes. The answer is {@code Request.phrase}. */
    public static final int REFUSED_STORE = 20;
    /** The last with one key, hence with one owner. */
    static final int LAST_KEYED = REFUSED_STORE;

    /** For every shard. */
    public static final int FLUSH_ALL = 21;
    /** Sums over all shards; the kind is {@link Request#kind}. */
    public static final int STATS = 22;
    static final int LAST_KEPT = STATS;

    /** Answered by the session itself. */
    static final int SAY = 23;
    static final int QUIT = 24;

    /** Kinds of {@link #STATS}. */
    public static final int GENERAL = 0;
    public static final int ITEMS = 1;
    public static final int SLABS = 2;
    public static final int SETTINGS = 3;
    public static final int SIZES = 4;
    public static final int RESET = 5;
    public static final int CONNECTIONS = 6;

    private Op() {}

    /** True for what a {@link Keeper} executes. */
    public static boolean isForKeeper(int op) {
        return op <= LAST_KEPT;
    }

    /** True for what concerns one key. */
    public static boolean isKeyed(int op) {
        return op <= LAST_KEYED;
    }
}
