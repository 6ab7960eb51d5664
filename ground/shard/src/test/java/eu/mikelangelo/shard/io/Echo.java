package eu.mikelangelo.shard.io;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Shard;
import java.lang.foreign.Arena;

/** Says back each line, in upper case; "bye" ends it, "later" is answered by somebody else,
 * "throw" throws. */
final class Echo implements Conversation {
    private final Server.Client client;
    private final Region out = new Region(Arena.ofAuto().allocate(8192, 8));
    private int status = INPUT;
    private int from;
    private int to;

    Echo(Server.Client client) {
        this.client = client;
    }

    @Override
    public int feed(Region in, int start, int end) {
        status = INPUT;
        int at = start;
        for (int i = start; i < end && status == INPUT; i++) {
            if (in.u8(i) == '\n') {
                if (8192 - to < i + 1 - at) {
                    status = ROOM;
                    break;
                }
                answer(in, at, i + 1);
                at = i + 1;
            }
        }
        return at - start;
    }

    private void answer(Region in, int start, int end) {
        int letter = in.u8(start);
        if (letter == 'T') {
            throw new IllegalStateException("thrown by a conversation");
        }
        if (letter == 'L') {
            status = LATER;
            Shard.current().after(2_000_000, () -> {
                status = INPUT;
                client.resume();
            });
        }
        status = letter == 'B' ? CLOSE : status;
        for (int i = start; i < end; i++) {
            out.u8(to++, Character.toUpperCase(in.u8(i)));
        }
    }

    @Override
    public int status() {
        return status;
    }

    @Override
    public Region output() {
        return out;
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
        status = CLOSE;
    }
}
