package eu.mikelangelo.examples.cache;

/** What all sessions of one shard have in common; made once. One owner. */
public final class Protocol {
    /** Smallest input region of a session, in bytes. */
    public static final int MIN_INPUT = 2 * Parser.MAX_LINE;
    /** What the version command says: the protocol spoken, and by whom. */
    public static final String VERSION = "1.6.18-mikelangelo";

    final CommandParser commands;
    final int inputLimit;
    final int itemLimit;
    final Staging staging;
    final Request request;
    final Keeper keeper;

    /**
     * @param seed of the key hash, random, the same on all shards
     * @param inputLimit bytes that fit a session's input region, at least {@link #MIN_INPUT}; a larger command is
     *     gathered in borrowed memory
     * @param itemLimit largest key and value together, in bytes: {@link StoreOptions#itemLimit}
     * @param staging lends that memory
     * @param request reused for every operation
     * @param keeper executes them
     */
    public Protocol(long seed, int inputLimit, int itemLimit, Staging staging, Request request, Keeper keeper) {
        if (inputLimit < MIN_INPUT) {
            throw new IllegalArgumentException("an input needs at least " + MIN_INPUT + " bytes, not " + inputLimit);
        }
        this.commands = new CommandParser(seed);
        this.inputLimit = inputLimit;
        this.itemLimit = itemLimit;
        this.staging = staging;
        this.request = request;
        this.keeper = keeper;
    }
}
