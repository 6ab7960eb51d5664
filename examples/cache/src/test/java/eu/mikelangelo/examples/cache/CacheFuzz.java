package eu.mikelangelo.examples.cache;

import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * Fuzz target: whatever a client sends, the session makes progress, answers the same wherever the input is cut, gives
 * back what it borrowed, and leaves the store in order.
 */
public final class CacheFuzz {
    private static final long START = 1_800_000_000L;

    private CacheFuzz() {}

    /** The first byte chooses the size of the pieces, the rest is sent. */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length < 2) {
            return;
        }
        byte[] sent = Arrays.copyOfRange(input, 1, input.length);
        byte[] whole = answers(sent, Integer.MAX_VALUE);
        byte[] pieces = answers(sent, 1 + (input[0] & 0xff));
        // A get with a bad key is refused as a whole only when its line has arrived whole.
        if (!Arrays.equals(whole, pieces) && sent.length < Parser.MAX_LINE) {
            throw new AssertionError("other answers in pieces of " + (1 + (input[0] & 0xff)));
        }
    }

    private static byte[] answers(byte[] sent, int piece) {
        try (Arena arena = Arena.ofConfined()) {
            Store store = new Store(arena, StoreOptions.ofMemory(1 << 20), START);
            StagingPool staging = new StagingPool(arena, 1, 64 * 1024);
            Client client = new Client(arena, store, staging, Protocol.MIN_INPUT, 4096);
            byte[] answers = client.ask(sent, piece);
            client.session.close();
            if (client.output.length() > 0) {
                client.output.drop();
            }
            if (staging.free() != 1) {
                throw new AssertionError("borrowed memory was not given back");
            }
            // Sweeping walks all of the table, the check all of the lists as well; one of each finds what is wrong.
            if (piece == Integer.MAX_VALUE) {
                Invariants.check(store);
            } else {
                store.clock(START + 100);
                store.sweep(store.items.buckets());
            }
            return answers;
        }
    }
}
