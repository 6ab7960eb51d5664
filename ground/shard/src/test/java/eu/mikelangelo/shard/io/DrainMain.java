package eu.mikelangelo.shard.io;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import eu.mikelangelo.shard.Sharded;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A server of eight bytes for eight bytes in a process of its own, for {@link DrainTest}; every answer is another
 * shard's.
 */
final class DrainMain {
    static final int WORD = 8;
    private static final int OUTPUT_BYTES = 1 << 16;
    /** Of one client at a time: a shard refuses calls when very many wait for room. */
    private static final int MOST_ASKED = 64;

    private DrainMain() {}

    /** Answers each word with itself, in its order, after a call to the next shard. */
    private static final class Echo implements Conversation {
        private final Server.Client client;
        private final Sharded<long[]> counts;
        private final int shard;
        private final AtomicLong answered;
        private final Region output = new Region(Arena.ofAuto().allocate(OUTPUT_BYTES, 8));
        private int from;
        private int to;
        private int asked;
        private boolean full;

        Echo(Server.Client client, Sharded<long[]> counts, AtomicLong answered) {
            this.client = client;
            this.counts = counts;
            this.answered = answered;
            shard = eu.mikelangelo.shard.Shard.current().index();
        }

        @Override
        public int feed(Region input, int at, int length) {
            int used = 0;
            while (length - used >= WORD && asked < MOST_ASKED && to + (asked + 1) * WORD <= OUTPUT_BYTES) {
                long word = input.u64(at + used);
                used += WORD;
                asked++;
                counts.on((shard + 1) % counts.size()).call(count -> word + 0 * ++count[0])
                        .whenDone((value, failure) -> answer(failure == null ? value : -1));
            }
            full = length - used >= WORD;
            return used;
        }

        private void answer(long word) {
            output.u64(to, word);
            to += WORD;
            asked--;
            answered.incrementAndGet();
            if (asked == 0) {
                client.resume();
            }
        }

        @Override
        public int status() {
            return asked > 0 ? LATER : full ? ROOM : INPUT;
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
            return asked > 0 ? 0 : to - from;
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
        public void close() {}
    }

    public static void main(String[] args) throws InterruptedException {
        AtomicLong answered = new AtomicLong();
        Host host = Host.start(HostOptions.defaults().withShards(2).withOverprovisioned(true));
        // Said first, so done last.
        host.onClose(() -> {
            System.out.println("answered " + answered.get() + " errors " + host.errors().entries());
            System.out.flush();
            return null;
        });
        Sharded<long[]> counts = host.spread(shard -> new long[1]);
        Server server = Server.start(host, new InetSocketAddress("127.0.0.1", 0), host.lane("serving", 1_000),
                client -> new Echo(client, counts, answered));
        System.out.println("port " + server.port());
        System.out.flush();
        host.untilSignalled();
    }
}
