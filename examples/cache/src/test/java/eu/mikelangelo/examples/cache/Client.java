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
        do {
            int used = session.feed(input, 0, held, output);
            if (used < 0 || used > held) {
                throw new AssertionError(used + " of " + held + " bytes consumed");
            }
            held -= used;
            if (used > 0) {
                MemorySegment.copy(input.segment(), used, input.segment(), 0, held);
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
