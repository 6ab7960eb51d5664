package eu.mikelangelo.shard.tutorial;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.io.Conversation;
import java.lang.foreign.Arena;

/** Says back what it hears in capitals, as a conversation: no fiber, nothing allocated after the client has come. */
public final class Upper implements Conversation {
    private static final int ROOM = 8 << 10;
    private final Region output = new Region(Arena.ofAuto().allocate(ROOM, 8));
    private int from;
    private int to;

    @Override
    public int feed(Region in, int at, int end) {
        int bytes = Math.min(end - at, ROOM - to);
        for (int i = 0; i < bytes; i++) {
            int c = in.u8(at + i);
            output.u8(to + i, c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        }
        to += bytes;
        return bytes;
    }

    @Override
    public int status() {
        return to < ROOM ? INPUT : Conversation.ROOM;
    }

    @Override
    public Region output() {
        return output;
    }

    @Override
    public int outputFrom() {
        return from;
    }

    @Override
    public int outputLength() {
        return to - from;
    }

    @Override
    public void sent(int bytes) {
        from += bytes;
        if (from == to) {
            from = 0;
            to = 0;
        }
    }

    @Override
    public void close() {
        to = 0;
    }
}
