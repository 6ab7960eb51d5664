package eu.mikelangelo.shard.io;

import eu.mikelangelo.memory.Region;

/**
 * One client's protocol without its socket: bytes in, bytes out, no waiting, and no allocation where that matters. A
 * {@link Server} drives it. One shard's alone.
 */
public interface Conversation {
    /** All that was whole is done: it needs more input. */
    int INPUT = 0;
    /** It goes on when some of its output has been sent. */
    int ROOM = 1;
    /** It goes on after {@link Server.Client#resume}. */
    int LATER = 2;
    /** It is over when its output has been sent. */
    int CLOSE = 3;

    /**
     * Takes what it can of {@code from..to}.
     *
     * @return bytes consumed; the rest comes again, in front of what is read next
     */
    int feed(Region in, int from, int to);

    /** What it needs to go on: {@link #INPUT}, {@link #ROOM}, {@link #LATER} or {@link #CLOSE}. */
    int status();

    /** Where its output is now. */
    Region output();

    /** The first byte of it that was not sent. */
    int outputFrom();

    /** How much was not sent. */
    int outputLength();

    /** The first {@code bytes} of it have left. */
    void sent(int bytes);

    /** The client is gone, or has been sent away. Called once. */
    void close();
}
