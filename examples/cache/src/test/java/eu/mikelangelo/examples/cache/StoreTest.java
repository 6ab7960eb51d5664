package eu.mikelangelo.examples.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.examples.cache.bytes.KeyHash;
import eu.mikelangelo.memory.Region;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The store against a map, and under want of memory. */
class StoreTest {
    private static final long START = 1_800_000_000L;
    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void close() {
        arena.close();
    }

    private Store store(int mib) {
        return new Store(arena, StoreOptions.ofMemory((long) mib << 20), START);
    }

    private Client client(Store store) {
        return new Client(arena, store, new StagingPool(arena, 2, (1 << 20) + 4096), 16_384, 16_384);
    }

    @Test
    void isAMapWithTimes() {
        for (int seed = 1; seed <= 6; seed++) {
            Random random = new Random(seed);
            Store store = store(32);
            Client client = client(store);
            Model model = new Model(START);
            for (int i = 0; i < 20_000; i++) {
                String key = "k" + random.nextInt(300) + "x".repeat(random.nextInt(3) * 11);
                step(random, key, client, model, store, "seed " + seed + ", step " + i);
            }
            Invariants.check(store);
            model.now += 1_000;
            store.clock(model.now);
            assertTrue(store.sweep(store.items.buckets()) > 0);
            model.entries.values().removeIf(e -> e.expiry() != 0);
            assertEquals(model.entries.size(), store.items.items());
            Invariants.check(store);
        }
    }

    private static void step(Random random, String key, Client client, Model model, Store store, String where) {
        switch (random.nextInt(12)) {
            case 0, 1, 2 -> {
                String[] commands = {"set", "add", "replace", "append", "prepend", "cas"};
                String command = commands[random.nextInt(commands.length)];
                String value = random.nextInt(3) == 0 ? String.valueOf(random.nextInt(100_000))
                        : "v".repeat(random.nextInt(40) == 0 ? random.nextInt(20_000) : random.nextInt(120));
                Model.Entry old = model.live(key);
                if (old != null && old.value().length() > 100_000) {
                    command = "set";
                }
                long cas = old == null || random.nextBoolean() ? 1 : old.number();
                int flags = random.nextInt(5);
                int time = random.nextInt(4) == 0 ? 1 + random.nextInt(50) : 0;
                assertEquals(model.store(command, key, value, flags, time, cas), client.ask(command + " " + key + " "
                        + flags + " " + time + " " + value.length() + (command.equals("cas") ? " " + cas : "")
                        + "\r\n" + value + "\r\n"), where + " " + command);
            }
            case 3 -> {
                boolean up = random.nextBoolean();
                int delta = random.nextInt(2_000);
                assertEquals(model.count(key, up, delta), client.ask((up ? "incr " : "decr ") + key + " " + delta
                        + "\r\n"), where);
            }
            case 4 -> assertEquals(model.live(key) != null && model.entries.remove(key) != null ? "DELETED\r\n"
                    : "NOT_FOUND\r\n", client.ask("delete " + key + "\r\n"), where);
            case 5 -> {
                Model.Entry old = model.live(key);
                if (old != null) {
                    model.entries.put(key, new Model.Entry(old.value(), old.flags(), model.now + 30, old.number()));
                }
                assertEquals(old == null ? "NOT_FOUND\r\n" : "TOUCHED\r\n", client.ask("touch " + key + " 30\r\n"));
            }
            case 6 -> {
                if (random.nextInt(50) == 0) {
                    model.now += random.nextInt(20);
                    store.clock(model.now);
                } else if (random.nextInt(400) == 0) {
                    model.entries.clear();
                    model.number++;
                    assertEquals("OK\r\n", client.ask("flush_all\r\n"));
                }
            }
            default -> assertEquals(model.get(key), client.ask("gets " + key + "\r\n"), where);
        }
    }

    @Test
    void staysWithinItsMemoryAndNeverMixesValuesUp() {
        Random random = new Random(5);
        Store store = store(4);
        Client client = client(store);
        Map<String, String> written = new HashMap<>();
        long hits = 0;
        for (int i = 0; i < 60_000; i++) {
            String key = "key" + random.nextInt(20_000);
            if (random.nextBoolean()) {
                // The sizes wander, so that pages must change their class.
                int length = 1 + random.nextInt(50) + (i / 20_000) * 400 + (random.nextInt(500) == 0 ? 200_000 : 0);
                String value = (key + "=" + i + ";").repeat(length / 10 + 1);
                String answer = client.ask("set " + key + " 0 0 " + value.length() + "\r\n" + value + "\r\n");
                assertEquals("STORED\r\n", answer);
                written.put(key, value);
            } else {
                String answer = client.ask("get " + key + "\r\n");
                if (!answer.equals("END\r\n")) {
                    String value = written.get(key);
                    assertEquals("VALUE " + key + " 0 " + value.length() + "\r\n" + value + "\r\nEND\r\n", answer);
                    hits++;
                }
            }
            if (i % 5_000 == 0) {
                Invariants.check(store);
            }
        }
        Invariants.check(store);
        assertTrue(hits > 1_000, hits + " hits");
        assertTrue(store.stats().evictions() > 1_000);
        assertTrue(store.items.bytes() <= 4 << 20);
        assertTrue(store.stats.pagesMoved > 0, "no page changed its class");
    }

    @Test
    void whatIsReadStaysLonger() {
        Store store = store(2);
        Client client = client(store);
        client.ask("set wanted 0 0 1000\r\n" + "w".repeat(1000) + "\r\n");
        client.ask("set unwanted 0 0 1000\r\n" + "u".repeat(1000) + "\r\n");
        for (int i = 0; i < 20_000; i++) {
            client.ask("set filler" + i + " 0 0 1000\r\n" + "f".repeat(1000) + "\r\n");
            if (i % 100 == 0) {
                assertTrue(client.ask("get wanted\r\n").startsWith("VALUE wanted 0 1000\r\n"), "after " + i);
            }
        }
        assertEquals("END\r\n", client.ask("get unwanted\r\n"));
    }

    @Test
    void aFullStoreOfSmallItemsTakesALargeOne() {
        Store store = store(2);
        Client client = client(store);
        for (int i = 0; i < 40_000; i++) {
            client.ask("set small" + i + " 0 0 1\r\nx\r\n");
        }
        String large = "L".repeat(700_000);
        assertEquals("STORED\r\n", client.ask("set large 0 0 700000\r\n" + large + "\r\n"));
        assertEquals("VALUE large 0 700000\r\n" + large + "\r\nEND\r\n", client.ask("get large\r\n"));
        assertEquals("STORED\r\n", client.ask("set tiny 0 0 1\r\ny\r\n"));
        Invariants.check(store);
    }

    @Test
    void appendInAFullStoreDoesNotEvictWhatItExtends() {
        Store store = store(1);
        Client client = client(store);
        assertEquals("STORED\r\n", client.ask("set a 0 0 100\r\n" + "a".repeat(100) + "\r\n"));
        // The only page belongs to the class of the old value: there is no memory for the longer one.
        assertEquals("NOT_STORED\r\n", client.ask("append a 0 0 500\r\n" + "b".repeat(500) + "\r\n"));
        assertEquals("VALUE a 0 100\r\n" + "a".repeat(100) + "\r\nEND\r\n", client.ask("get a\r\n"));
        Invariants.check(store);
    }

    @Test
    void ownersAndBucketsAreSpreadEvenly() {
        int[] owners = new int[7];
        int[] buckets = new int[64];
        Region key = new Region(arena.allocate(64, 8));
        for (int i = 0; i < 70_000; i++) {
            byte[] bytes = Client.bytes("user:" + i + ":profile");
            for (int k = 0; k < bytes.length; k++) {
                key.u8(k, bytes[k]);
            }
            long hash = KeyHash.of(key, 0, bytes.length, 99);
            int owner = KeyHash.owner(hash, 7);
            owners[owner]++;
            if (owner == 3) {
                buckets[(int) (hash & 63)]++;
            }
        }
        for (int count : owners) {
            assertEquals(10_000, count, 500);
        }
        for (int count : buckets) {
            assertEquals(10_000.0 / 64, count, 60);
        }
    }

    @Test
    void everyByteOfAKeyCounts() {
        Region key = new Region(arena.allocate(256, 8));
        for (int length = 1; length <= 250; length++) {
            long hash = KeyHash.of(key, 0, length, 1);
            for (int i = 0; i < length; i++) {
                key.u8(i, 1);
                assertTrue(KeyHash.of(key, 0, length, 1) != hash, "byte " + i + " of " + length);
                key.u8(i, 0);
            }
        }
    }

    @Test
    void aRequestSurvivesACopy() {
        Store store = store(2);
        Request copy = new Request(new Region(arena.allocate(8192, 8)));
        Client client = client((request, output) -> {
            assertTrue(request.copyTo(copy));
            return store.execute(copy, output);
        });
        assertEquals("HD kYWJj b Ox c1\r\nVA 2 kYWJj b Oy s2\r\nhi\r\n",
                client.ask("ms YWJj 2 b k Ox c\r\nhi\r\nmg YWJj b k Oy s v\r\n"));
        assertEquals("STORED\r\nVALUE a 3 2\r\nyo\r\nVALUE abc 0 2\r\nhi\r\nEND\r\n",
                client.ask("set a 3 0 2\r\nyo\r\nget a abc b\r\n"));
        Request small = new Request(new Region(arena.allocate(Request.MIN_MEMORY, 8)));
        Client other = client((request, output) -> {
            assertEquals(request.copyBytes() <= Request.MIN_MEMORY, request.copyTo(small));
            return Keeper.DONE;
        });
        other.ask("set a 0 0 1000\r\n" + "x".repeat(1000) + "\r\nget a\r\n");
    }

    private Client client(Keeper keeper) {
        return new Client(arena, keeper, new StagingPool(arena, 2, (1 << 20) + 4096), 16_384, 16_384);
    }

    @Test
    void aKeeperMayAnswerLater() {
        Store store = store(2);
        Request copy = new Request(new Region(arena.allocate(8192, 8)));
        Output remote = new Output(new Region(arena.allocate(8192, 8)), Staging.NONE);
        Request request = new Request(new Region(arena.allocate(Request.MIN_MEMORY, 8)));
        Session session = new Session(new Protocol(Client.SEED, 8192, 1000, Staging.NONE, request, (asked, output) -> {
            asked.copyTo(copy);
            return Keeper.LATER;
        }));
        Output output = new Output(new Region(arena.allocate(8192, 8)), Staging.NONE);
        Region input = new Region(arena.allocate(8192, 8));
        byte[] sent = Client.bytes("set a 0 0 1\r\nx\r\nget a b\r\nmn\r\n");
        for (int i = 0; i < sent.length; i++) {
            input.u8(i, sent[i]);
        }
        int at = 0;
        int waits = 0;
        while (true) {
            at += session.feed(input, at, sent.length, output);
            if (session.status() != Session.WAITS) {
                break;
            }
            waits++;
            store.execute(copy, remote);
            assertEquals(Output.FITS, output.append(remote.region(), remote.from(), remote.length()));
            remote.sent(remote.length());
            session.answered();
        }
        StringBuilder answers = new StringBuilder();
        for (int i = 0; i < output.length(); i++) {
            answers.append((char) output.region().u8(output.from() + i));
        }
        assertEquals("STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\nMN\r\n", answers.toString());
        assertEquals(3, waits);
        assertThrows(IllegalStateException.class, session::answered);
    }

    @Test
    void optionsOutOfRangeAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> StoreOptions.ofMemory(1000));
        assertThrows(IllegalArgumentException.class, () -> StoreOptions.ofMemory(33L << 30));
        assertThrows(IllegalArgumentException.class, () -> new StoreOptions(1 << 20, 1 << 20));
    }
}
