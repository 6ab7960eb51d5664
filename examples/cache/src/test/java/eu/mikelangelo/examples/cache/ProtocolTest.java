package eu.mikelangelo.examples.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.memory.Region;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Conversations in {@code src/test/resources/dialogues}: lines with {@code >} are sent, lines with {@code <} must come
 * back. Their answers were taken from memcached 1.6.18, except where a comment says why not.
 */
class ProtocolTest {
    private static final long START = 1_800_000_000L;

    private Arena arena;
    private Store store;
    private StagingPool staging;

    @BeforeEach
    void open() {
        arena = Arena.ofConfined();
        staging = new StagingPool(arena, 4, (1 << 20) + 4096);
        store = new Store(arena, StoreOptions.ofMemory(16 << 20), START);
    }

    @AfterEach
    void close() {
        assertEquals(4, staging.free(), "all borrowed memory is back");
        arena.close();
    }

    private Client client() {
        return new Client(arena, store, staging, 16_384, 16_384);
    }

    private interface Body {
        void run(Dialogue dialogue, Arena own, Store store, StagingPool staging);
    }

    /** One test a dialogue, each with memory of its own. */
    private static List<DynamicTest> each(Body body) throws IOException {
        return Dialogue.all().stream().map(d -> DynamicTest.dynamicTest(d.name(), () -> {
            try (Arena own = Arena.ofConfined()) {
                StagingPool staging = new StagingPool(own, 1, 256 * 1024);
                body.run(d, own, new Store(own, StoreOptions.ofMemory(4 << 20), START), staging);
                assertEquals(1, staging.free(), "borrowed memory is back");
            }
        })).toList();
    }

    @TestFactory
    List<DynamicTest> answersAsRecorded() throws IOException {
        return each((d, own, store, staging) -> {
            Client client = new Client(own, store, staging, 16_384, 16_384);
            assertEquals(d.expected(), client.ask(d.sent()));
            client.session.close();
        });
    }

    @TestFactory
    List<DynamicTest> answersAreTheSameWhereverTheInputIsCut() throws IOException {
        return each((d, own, store, staging) -> {
            for (int piece : new int[] {1, 2, 3, 7, 19, 64}) {
                Store fresh = new Store(own, StoreOptions.ofMemory(3 << 20), START);
                Client client = new Client(own, fresh, staging, Protocol.MIN_INPUT, 4096);
                byte[] answers = client.ask(Client.bytes(d.sent()), piece);
                assertArrayEquals(Client.bytes(d.expected()), answers, "in pieces of " + piece);
                client.session.close();
            }
        });
    }

    @TestFactory
    List<DynamicTest> answersAreTheSameFromAnotherShard() throws IOException {
        return each((d, own, store, staging) -> {
            Client client = Client.ofOtherShard(own, store, staging, 16_384, 16_384);
            assertEquals(d.expected(), client.ask(d.sent()));
            client.session.close();
        });
    }

    @Test
    void statsSumOverShards() {
        Store one = new Store(arena, StoreOptions.ofMemory(2 << 20), START);
        Store two = new Store(arena, StoreOptions.ofMemory(2 << 20), START);
        new Client(arena, one, staging, 16_384, 16_384).ask("set a 0 0 1\r\nx\r\n");
        new Client(arena, two, staging, 16_384, 16_384).ask("set b 0 0 1\r\nx\r\nget b c\r\n");
        StatsAnswer answer = new StatsAnswer();
        for (int round = 0; round < 2; round++) {
            answer.totals().clear();
            one.addTo(answer.totals());
            two.addTo(answer.totals());
            answer.totals().addConnections(2, 5, 100, 200);
            Output output = new Output(new Region(arena.allocate(16_384, 8)), Staging.NONE);
            assertEquals(Keeper.DONE, answer.write(Op.GENERAL, output));
            String text = text(output);
            for (String line : new String[] {"cmd_set 2", "curr_items 2", "threads 2", "limit_maxbytes 4194304",
                "get_hits 1", "get_misses 1", "curr_connections 2", "bytes_written 200"}) {
                assertTrue(text.contains("STAT " + line + "\r\n"), line + " in " + text);
            }
        }
    }

    private static String text(Output output) {
        byte[] bytes = output.region().segment().asSlice(output.from(), output.length())
                .toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Test
    void largeValuesPassThroughBorrowedMemory() {
        Client client = client();
        for (int length : new int[] {4_000, 16_360, 16_384, 100_000, StoreOptions.MAX_ITEM - 3}) {
            String value = "v".repeat(length - 3) + "end";
            assertEquals("STORED\r\n", client.ask("set big 5 0 " + length + "\r\n" + value + "\r\n"), "" + length);
            assertEquals("VALUE big 5 " + length + "\r\n" + value + "\r\nEND\r\n", client.ask("get big\r\n"));
            assertEquals("VA " + length + " f5\r\n" + value + "\r\n", client.ask("mg big f v\r\n"));
        }
        client.session.close();
    }

    @Test
    void aValueBeyondTheLimitIsRefusedSkippedAndForgotten() {
        Client client = client();
        client.ask("set big 0 0 1\r\nx\r\n");
        int length = StoreOptions.MAX_ITEM - 2;
        String value = "get big\r\n".repeat(length / 9 + 1).substring(0, length);
        assertEquals("SERVER_ERROR object too large for cache\r\nEND\r\n",
                client.ask("set big 0 0 " + length + "\r\n" + value + "\r\nget big\r\n"));
        assertEquals("SERVER_ERROR object too large for cache\r\nMN\r\n",
                client.ask("ms big " + length + " q\r\n" + value + "\r\nmn\r\n"));
    }

    @Test
    void withoutMemoryToBorrowStoresAreRefusedAndReadsMiss() {
        Client rich = client();
        rich.ask("set big 0 0 20000\r\n" + "x".repeat(20_000) + "\r\n");
        Client poor = new Client(arena, store, Staging.NONE, 16_384, 16_384);
        assertEquals("END\r\n", poor.ask("get big\r\n"));
        assertEquals("EN\r\n", poor.ask("mg big v\r\n"));
        assertEquals("SERVER_ERROR out of memory storing object\r\nEND\r\n",
                poor.ask("set big 0 0 20000\r\n" + "y".repeat(20_000) + "\r\nget big\r\n"));
        assertEquals("END\r\n", rich.ask("get big\r\n"));
    }

    @Test
    void aGetOfThousandsOfKeysNeedsNoMoreMemoryThanOneOfTwo() {
        Client client = client();
        StringBuilder get = new StringBuilder("get");
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 5_000; i++) {
            get.append(" key").append(i);
            if (i % 3 == 0) {
                client.ask("set key" + i + " 0 0 2\r\n" + i % 10 + "!\r\n");
                expected.append("VALUE key").append(i).append(" 0 2\r\n").append(i % 10).append("!\r\n");
            }
        }
        assertEquals(expected + "END\r\n", client.ask(get + "\r\n"));
        assertEquals(expected + "END\r\nMN\r\n", client.ask(get + "  \r\nmn\r\n"));
    }

    @Test
    void anEndlessLineIsRefusedOnceAndSkipped() {
        for (int piece : new int[] {100, 4096, 16_384}) {
            Client client = client();
            byte[] sent = Client.bytes("x".repeat(50_000) + " get a\r\nmn\r\n");
            assertEquals("CLIENT_ERROR line too long\r\nMN\r\n",
                    new String(client.ask(sent, piece), StandardCharsets.US_ASCII), "in pieces of " + piece);
        }
    }

    @Test
    void theHeadOfALineWithKeysHasTheLimitOfAllLines() {
        String blanks = " ".repeat(3_000);
        String keys = " k".repeat(3_000);
        String[][] asked = {
            {"gat soon" + keys, "CLIENT_ERROR invalid exptime argument"},
            {"gat " + keys, "CLIENT_ERROR invalid exptime argument"},
            {"get " + "k".repeat(251) + keys, "CLIENT_ERROR bad command line format"},
            {"gats" + blanks + "5 k", "CLIENT_ERROR line too long"},
            {"gat" + blanks, "CLIENT_ERROR line too long"},
            {"get" + blanks + "k", "CLIENT_ERROR line too long"},
            {blanks + "get k", "CLIENT_ERROR line too long"},
            {"gat 5" + blanks + "k", "END"},
            {"get k" + blanks + "k", "END"},
        };
        for (String[] pair : asked) {
            for (int piece : new int[] {1, 100, 2_047, 4096, 16_384}) {
                Client client = client();
                assertEquals(pair[1] + "\r\nMN\r\n", new String(client.ask(Client.bytes(pair[0] + "\r\nmn\r\n"), piece),
                        StandardCharsets.US_ASCII), pair[0].substring(0, 10) + " in pieces of " + piece);
            }
        }
    }

    @Test
    void quitAnswersWhatCameBefore() {
        Client client = client();
        assertEquals("MN\r\n", client.ask("mn\r\nquit\r\nmn\r\n"));
        assertEquals(Session.CLOSES, client.session.status());
    }

    @Test
    void aBrowserGetsNoAnswer() {
        Client client = client();
        assertEquals("", client.ask("GET / HTTP/1.1\r\nset a 0 0 1\r\n"));
        assertEquals(Session.CLOSES, client.session.status());
    }

    @Test
    void itemsExpireByTheClock() {
        Client client = client();
        client.ask("set soon 0 10 1\r\nx\r\nset then 0 " + (START + 20) + " 1\r\ny\r\nset never 0 0 1\r\nz\r\n");
        client.ask("set past 0 " + (START - 5) + " 1\r\nx\r\n");
        assertEquals("HD t10\r\nHD t20\r\nHD t-1\r\nEN\r\n",
                client.ask("mg soon t\r\nmg then t\r\nmg never t\r\nmg past t\r\n"));
        store.clock(START + 9);
        assertEquals("HD t1\r\nHD t11\r\n", client.ask("mg soon t\r\nmg then t\r\n"));
        store.clock(START + 10);
        assertEquals("EN\r\nHD t10\r\n", client.ask("mg soon t\r\nmg then t\r\n"));
        store.clock(START - 100);
        assertEquals("EN\r\n", client.ask("mg soon t\r\n"), "a clock that jumps back revives nothing");
        store.clock(START + 20);
        assertEquals("VALUE never 0 1\r\nz\r\nEND\r\n", client.ask("get soon then never\r\n"));
    }

    @Test
    void touchedItemsLiveOn() {
        Client client = client();
        client.ask("set a 0 10 1\r\nx\r\nset b 0 10 1\r\ny\r\n");
        assertEquals("TOUCHED\r\nVALUE b 0 1\r\ny\r\nEND\r\n", client.ask("touch a 100\r\ngat 100 b\r\n"));
        store.clock(START + 50);
        assertEquals("HD t50 l50 h1\r\nHD t50 l50 h1\r\n", client.ask("mg b t l h u\r\nmg a t l h\r\n"));
        assertEquals("HD l50\r\nHD l0\r\n", client.ask("mg b l\r\nmg a l\r\n"));
    }

    @Test
    void aDelayedFlushTakesWhatIsThereThen() {
        Client client = client();
        client.ask("set a 0 0 1\r\nx\r\n");
        assertEquals("OK\r\nVALUE a 0 1\r\nx\r\nEND\r\n", client.ask("flush_all 5\r\nget a\r\n"));
        store.clock(START + 4);
        client.ask("set b 0 0 1\r\ny\r\n");
        assertEquals("VALUE a 0 1\r\nx\r\nVALUE b 0 1\r\ny\r\nEND\r\n", client.ask("get a b\r\n"));
        store.clock(START + 5);
        assertEquals("END\r\n", client.ask("get a b\r\n"));
        client.ask("set a 0 0 1\r\nz\r\n");
        assertEquals("VALUE a 0 1\r\nz\r\nEND\r\n", client.ask("get a\r\n"));
    }

    @Test
    void statsSpeakOfWhatHappened() {
        Client client = client();
        client.ask("set a 0 0 1\r\nx\r\nget a b\r\ndelete b\r\nincr a 1\r\nmg a\r\n");
        String general = client.ask("stats\r\n");
        for (String line : new String[] {"cmd_get 3", "cmd_set 1", "get_hits 2", "get_misses 1", "delete_misses 1",
            "curr_items 1", "total_items 1", "bytes 52", "limit_maxbytes 16777216", "threads 1"}) {
            assertTrue(general.contains("STAT " + line + "\r\n"), line + " in " + general);
        }
        assertTrue(general.endsWith("END\r\n"));
        assertTrue(client.ask("stats slabs\r\n").contains("STAT active_slabs 1\r\n"));
        assertTrue(client.ask("stats items\r\n").contains("STAT items:1:number 1\r\n"));
        assertTrue(client.ask("stats settings\r\n").contains("STAT maxbytes 16777216\r\n"));
        assertEquals("STAT sizes_status disabled\r\nEND\r\n", client.ask("stats sizes\r\n"));
        assertEquals("RESET\r\n", client.ask("stats reset\r\n"));
        assertTrue(client.ask("stats\r\n").contains("STAT cmd_get 0\r\n"));
    }
}
