package eu.mikelangelo.bench.shard;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.io.Listener;
import eu.mikelangelo.shard.io.Stream;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** A server in direct style: a fiber per connection that answers 64 bytes with as many. */
final class DirectAnswers {
    private static final int BYTES = AllocClient.DIRECT_BYTES;

    private DirectAnswers() {}

    /** Begins to serve on one shard. @return the port on the loopback address */
    static int serve() {
        Host host = Host.start(HostOptions.defaults().withName("direct").withShards(1).withOverprovisioned(true));
        System.err.println(host);
        return host.run(() -> {
            Listener listener = Listener.tcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            Shard.current().fiber(() -> {
                for (Stream stream = listener.accept(); stream != null; stream = listener.accept()) {
                    Stream client = stream;
                    Shard.current().fiber(() -> answer(client));
                }
                return null;
            });
            return listener.port();
        });
    }

    private static Void answer(Stream stream) {
        try (stream) {
            Region request = new Region(Arena.ofAuto().allocate(BYTES, 8));
            while (true) {
                int have = 0;
                while (have < BYTES) {
                    int got = stream.read(request, have, BYTES - have);
                    if (got < 0) {
                        return null;
                    }
                    have += got;
                }
                stream.write(request, 0, BYTES);
            }
        }
    }
}
