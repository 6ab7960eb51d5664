package eu.mikelangelo.examples.cache;

/** Who executes requests: the store of this shard, or what finds the owner among several. */
public interface Keeper {
    /** The answer (if there is one) stands in the output. */
    int DONE = 0;
    /** Nothing was done: the answer needs more room than the output has now. Asked again after some was sent. */
    int NO_ROOM = 1;
    /** The answer comes later and in order: the session waits for {@link Session#answered}. */
    int LATER = 2;
    /** Nothing was done: the memory for it is lent to others. Asked again after {@link Session#bufferFree}. */
    int NO_BUFFER = 3;

    /**
     * Executes one request of an operation with {@link Op#isForKeeper}.
     *
     * @param request valid until the call returns; a keeper that answers later copies it
     *     ({@link Request#copyTo})
     * @param output has room for any answer without a value
     * @return {@link #DONE}, {@link #NO_ROOM}, {@link #LATER} or {@link #NO_BUFFER}
     */
    int execute(Request request, Output output);
}
