package eu.mikelangelo.examples.cache;

import eu.mikelangelo.memory.Region;

/**
 * One client's conversation, without its socket. The owner of the socket reads into a region and calls {@link #feed};
 * it keeps what was not consumed in front of what it reads next, and writes what the {@link Output} holds:
 *
 * <pre>{@code
 * int used = session.feed(input, from, to, output);      // as many whole commands as there are
 * write(output);                                         // output.region(), from(), length(), then sent(n)
 * switch (session.status()) {
 *     case Session.NEEDS_INPUT -> ...                    // read more behind what is left of from + used .. to
 *     case Session.NEEDS_ROOM -> ...                     // when output has been sent, feed the rest again
 *     case Session.WAITS -> ...                          // the keeper answers later, then answered(), feed again
 *     case Session.NEEDS_BUFFER -> ...                   // when memory has come back bufferFree(), feed again
 *     case Session.CLOSES -> ...                         // send what output holds, then close
 * }
 * }</pre>
 *
 * <p>An input region of {@link Protocol#MIN_INPUT} bytes or more is never full without progress. One owner; nothing is
 * allocated per operation.
 */
public final class Session {
    /** All that was whole is done. */
    public static final int NEEDS_INPUT = 0;
    /** The next answer does not fit what the output has left. */
    public static final int NEEDS_ROOM = 1;
    /** The keeper answers later. */
    public static final int WAITS = 2;
    /** The client said good-bye. */
    public static final int CLOSES = 3;
    /** A large value needs memory that is lent to others now. */
    public static final int NEEDS_BUFFER = 4;

    private final Parser parser;
    private final Request request;
    private final Keeper keeper;
    private int status = NEEDS_INPUT;
    private long commands;

    /** A client has come. */
    public Session(Protocol protocol) {
        this.parser = new Parser(protocol);
        this.request = protocol.request;
        this.keeper = protocol.keeper;
    }

    /**
     * Executes the commands in {@code from..to} of {@code in}, in order, as far as they are whole and the output has
     * room.
     *
     * @return bytes consumed; the caller presents the rest again, in front of what comes next
     */
    public int feed(Region in, int from, int to, Output output) {
        int at = from;
        while (status < WAITS) {
            if (output.reserve(Output.SMALL) != Output.FITS) {
                status = NEEDS_ROOM;
                break;
            }
            int found = parser.next(in, at, to, request);
            if (found == Parser.NO_BUFFER) {
                status = NEEDS_BUFFER;
                break;
            }
            if (found == Parser.MORE) {
                status = NEEDS_INPUT;
                if (parser.taken() == 0) {
                    break;
                }
                at += parser.taken();
                continue;
            }
            int done = Op.isForKeeper(request.op) ? keeper.execute(request, output) : answer(output);
            if (done == Keeper.NO_ROOM) {
                status = NEEDS_ROOM;
                break;
            }
            if (done == Keeper.NO_BUFFER) {
                status = NEEDS_BUFFER;
                break;
            }
            at += parser.taken();
            parser.commit();
            commands++;
            if (done == Keeper.LATER) {
                status = WAITS;
            }
        }
        return at - from;
    }

    private int answer(Output output) {
        if (request.op == Op.QUIT) {
            status = CLOSES;
        } else if (!request.noreply) {
            output.put(request.phrase);
        }
        return Keeper.DONE;
    }

    /**
     * What the session needs to go on: {@link #NEEDS_INPUT}, {@link #NEEDS_ROOM}, {@link #WAITS},
     * {@link #NEEDS_BUFFER}; or that it is over, {@link #CLOSES}.
     */
    public int status() {
        return status;
    }

    /** Some memory has come back; {@link #feed} may try again. */
    public void bufferFree() {
        if (status == NEEDS_BUFFER) {
            status = NEEDS_ROOM;
        }
    }

    /** The keeper's later answer has been appended to the output; {@link #feed} may go on. */
    public void answered() {
        if (status != WAITS) {
            throw new IllegalStateException("nothing was waited for");
        }
        status = NEEDS_ROOM;
    }

    /** Requests executed, each key of a get counted. */
    public long commands() {
        return commands;
    }

    /** Gives borrowed memory back. The session is over. */
    public void close() {
        parser.release();
        status = CLOSES;
    }
}
