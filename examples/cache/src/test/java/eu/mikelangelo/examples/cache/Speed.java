package eu.mikelangelo.examples.cache;

import eu.mikelangelo.memory.Region;
import java.lang.foreign.Arena;

/** Nanoseconds per operation of parser and store without sockets, by hand: {@code java ... Speed [keys]}. */
public final class Speed {
    private Speed() {}

    public static void main(String[] arguments) {
        int keys = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 10_000;
        Arena arena = Arena.global();
        Store store = new Store(arena, StoreOptions.ofMemory(256 << 20), 1_800_000_000L);
        Request request = new Request(new Region(arena.allocate(Request.MIN_MEMORY, 8)));
        Session session = new Session(new Protocol(1, 65_536, 10_000, Staging.NONE, request, store));
        Output output = new Output(new Region(arena.allocate(65_536, 8)), Staging.NONE);
        Region[] inputs = new Region[keys / 100];
        int[] lengths = new int[inputs.length];
        java.util.Random random = new java.util.Random(1);
        for (int i = 0; i < inputs.length; i++) {
            StringBuilder text = new StringBuilder();
            for (int k = 0; k < 100; k++) {
                int key = random.nextInt(keys);
                text.append(k % 10 == 0 ? "set key-" + key + " 0 0 64\r\n" + "v".repeat(64) + "\r\n"
                        : "get key-" + key + "\r\n");
            }
            byte[] bytes = Client.bytes(text.toString());
            inputs[i] = new Region(arena.allocate(bytes.length, 8));
            lengths[i] = bytes.length;
            for (int b = 0; b < bytes.length; b++) {
                inputs[i].u8(b, bytes[b]);
            }
        }
        for (int round = 0; round < 12; round++) {
            long start = System.nanoTime();
            int operations = 0;
            while (operations < 2_000_000) {
                for (int i = 0; i < inputs.length; i++) {
                    session.feed(inputs[i], 0, lengths[i], output);
                    output.sent(output.length());
                    operations += 100;
                }
            }
            System.out.println((System.nanoTime() - start) / operations + " ns per operation");
        }
    }
}
