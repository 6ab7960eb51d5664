package eu.mikelangelo.examples.cache;

import eu.mikelangelo.memory.Region;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** A session with buffers, fed as an engine would: leftovers in front of new input, output drained when it is full. */
final class Client {
    static final long SEED = 7;

    final Session session;
    final Output output;
    private final Region input;
    private final ByteArrayOutputStream answers = new ByteArrayOutputStream();
    private int held;
    /** What has yet to be done by the other shard, or null when there is none. */
    private Runnable elsewhere;

    /** A client whose keys all belong to another shard, which keeps them in {@code store}. */
    static Client ofOtherShard(Arena arena, Store store, Staging staging, int inputBytes, int outputBytes) {
        Request copy = new Request(new Region(arena.allocate(256 * 1024, 8)));
        Output there = new Output(new Region(arena.allocate(256 * 1024, 8)), Staging.NONE);
        Client[] self = new Client[1];
        self[0] = new Client(arena, (request, output) -> {
            if (!request.copyTo(copy)) {
                throw new AssertionError("a request of " + request.copyBytes() + " bytes");
            }
            self[0].elsewhere = () -> self[0].answer(store, copy, there);
            return Keeper.LATER;
        }, staging, inputBytes, outputBytes);
        return self[0];
    }

    private void answer(Store store, Request copy, Output there) {
        if (store.execute(copy, there) != Keeper.DONE) {
            throw new AssertionError("no room in an empty output");
        }
        while (there.length() > 0) {
            if (output.append(there.region(), there.from(), there.length()) == Output.FITS) {
                there.sent(there.length());
            } else {
                drain();
            }
        }
        session.answered();
    }

    Client(Arena arena, Keeper keeper, Staging staging, int inputBytes, int outputBytes) {
        input = new Region(arena.allocate(inputBytes, 8));
        output = new Output(new Region(arena.allocate(outputBytes, 8)), staging);
        Request request = new Request(new Region(arena.allocate(Request.MIN_MEMORY, 8)));
        session = new Session(new Protocol(SEED, inputBytes, StoreOptions.MAX_ITEM, staging, request, keeper));
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Sends everything and returns all answers. */
    String ask(String commands) {
        return new String(ask(bytes(commands), Integer.MAX_VALUE), StandardCharsets.ISO_8859_1);
    }

    /** Sends {@code commands} in pieces of at most {@code piece} bytes. */
    byte[] ask(byte[] commands, int piece) {
        answers.reset();
        int at = 0;
        while (at < commands.length && session.status() != Session.CLOSES) {
            int room = (int) input.size() - held;
            if (room == 0) {
                throw new AssertionError("the input is full and nothing was consumed");
            }
            int length = Math.min(Math.min(room, piece), commands.length - at);
            MemorySegment.copy(commands, at, input.segment(), ValueLayout.JAVA_BYTE, held, length);
            at += length;
            held += length;
            feed();
        }
        return answers.toByteArray();
    }

    private void feed() {
        int idle = 0;
        do {
            int used = session.feed(input, 0, held, output);
            if (used < 0 || used > held) {
                throw new AssertionError(used + " of " + held + " bytes consumed");
            }
            held -= used;
            idle = used == 0 ? idle + 1 : 0;
            // Once is right, when the answer did not fit what the output had left; then the output was empty.
            if (idle > 2) {
                throw new AssertionError("answers without end to the same input");
            }
            if (used > 0) {
                MemorySegment.copy(input.segment(), used, input.segment(), 0, held);
            }
            if (session.status() == Session.WAITS) {
                elsewhere.run();
            }
            drain();
        } while (session.status() == Session.NEEDS_ROOM);
    }

    private void drain() {
        while (output.length() > 0) {
            // Not all at once, as a socket would.
            int length = Math.max(1, output.length() / 2);
            answers.writeBytes(output.region().segment().asSlice(output.from(), length).toArray(ValueLayout.JAVA_BYTE));
            output.sent(length);
        }
    }
}
