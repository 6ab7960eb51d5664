package eu.mikelangelo.examples.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import eu.mikelangelo.memory.Region;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** A million operations of every kind allocate nothing. */
class AllocationTest {
    private static final String COMMANDS = """
            set key:0 7 0 64
            0123456789012345678901234567890123456789012345678901234567890123
            get key:0
            gets key:0 key:1 missing
            gat 100 key:0
            add key:0 0 0 1
            x
            replace key:0 1 100 2
            xy
            append key:0 0 0 3
            abc
            prepend key:0 0 0 3
            abc
            cas key:0 0 0 1 12345
            x
            set n 0 0 2
            10
            incr n 5
            decr n 1 noreply
            touch n 100
            delete key:1
            mg key:0 v f t s c k l h Oopaque
            mg a2V5OjA= b k v
            mg missing q
            mg missing N30 t
            ms key:2 3 T100 F5 c k O1
            abc
            md key:2 q
            ma n v D3
            ma other N0 J7 v
            me key:0
            delete missing noreply
            delete other
            wrong
            get
            verbosity 1
            version
            mn
            """.replace("\n", "\r\n");

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void nothingIsAllocatedPerOperation() {
        try (Arena arena = Arena.ofConfined()) {
            Store store = new Store(arena, StoreOptions.ofMemory(16 << 20), 1_800_000_000L);
            Request request = new Request(new Region(arena.allocate(Request.MIN_MEMORY, 8)));
            Session session = new Session(new Protocol(1, 16_384, 10_000, Staging.NONE, request, store));
            Output output = new Output(new Region(arena.allocate(16_384, 8)), Staging.NONE);
            byte[] bytes = Client.bytes(COMMANDS);
            Region input = new Region(arena.allocate(16_384, 8));
            for (int i = 0; i < bytes.length; i++) {
                input.u8(i, bytes[i]);
            }
            run(session, input, bytes.length, output, 3_000);
            long before = threads.getThreadAllocatedBytes(Thread.currentThread().threadId());
            long commands = session.commands();
            run(session, input, bytes.length, output, 40_000);
            long allocated = threads.getThreadAllocatedBytes(Thread.currentThread().threadId()) - before;
            long operations = session.commands() - commands;
            assertTrue(operations > 1_000_000, operations + " operations");
            // Asking for the figure itself may allocate a little, once.
            assertEquals(0, allocated / (operations / 1000), allocated + " bytes in " + operations + " operations");
        }
    }

    private static void run(Session session, Region input, int length, Output output, int rounds) {
        for (int i = 0; i < rounds; i++) {
            int used = session.feed(input, 0, length, output);
            if (used != length || output.length() == 0) {
                throw new AssertionError(used + " of " + length);
            }
            output.sent(output.length());
        }
    }
}
