package eu.mikelangelo.examples.cache.server;

import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import eu.mikelangelo.shard.io.Acceptor;
import java.net.InetSocketAddress;
import java.util.List;

/** The cache as a command. */
public final class CacheMain {
    static final String HELP = """
            A cache that speaks memcached's text and meta protocols, on the shard engine.

              ./do example cache [options]

              --port N            where to listen (11211; 0: a free port)
              --listen ADDRESS    at which address (127.0.0.1)
              --spread HOW        kernel: each shard listens, the kernel spreads the clients (so it is);
                                  least: one shard listens, a client goes to the shard that has the fewest
              --unix PATH         listen at a Unix socket instead of at a port; one left by a dead server is replaced
              --unix-mode MODE    who may connect there, as chmod says it (700)
              --memory MIB        for items, all shards together (64)

            of the engine:
              --shards N          loops, each on a CPU of its own (one per CPU but one)
              --overprovisioned   share CPUs with others: no pinning, no spinning; so it is with one or two CPUs
              --spin-us N         how long a shard looks for work before it sleeps (100)
              --mail N            room of the rings between two shards (1024)
              --stall-ms N        report what keeps a loop for so long (25; 0: nothing)
              --close-ms N        how long to wait for clients at the end (10000)
              --shard-memory MIB  of the engine for each shard (4); the cache's items are not in it
              --devices WHICH     auto, uring or epoll: what shards sleep in
              --fibers WHICH      auto or pooled: what carries fibers

            Examples:
              ./do example cache --port 11311 --overprovisioned
              printf 'set a 0 0 1\\r\\n1\\r\\nget a\\r\\nquit\\r\\n' | nc 127.0.0.1 11311

            SIGTERM: what has been received is answered, then it ends (exit code 143).
            """;
    private static final int MAX_PORT = 65535;

    private CacheMain() {}

    public static void main(String[] arguments) throws Exception {
        if (List.of(arguments).contains("--help")) {
            System.out.print(HELP);
            return;
        }
        try {
            run(arguments);
        } catch (IllegalArgumentException wrong) {
            System.err.println("cache: " + wrong.getMessage());
            System.exit(64);
        } catch (RuntimeException failed) {
            System.err.println("cache: " + failed.getMessage());
            System.exit(69);
        }
    }

    private static void run(String[] arguments) throws InterruptedException {
        HostOptions defaults = HostOptions.defaults().withName("cache");
        if (Runtime.getRuntime().availableProcessors() <= 2) {
            defaults = defaults.withOverprovisioned(true);
        }
        HostOptions.Parsed parsed = defaults.parse(List.of(arguments));
        List<String> rest = parsed.rest();
        String address = "127.0.0.1";
        String path = null;
        int mode = 0700;
        int port = 11211;
        long memory = 64;
        boolean least = false;
        for (int i = 0; i < rest.size(); i += 2) {
            String value = i + 1 < rest.size() ? rest.get(i + 1) : null;
            switch (rest.get(i)) {
                case "--port" -> port = (int) number(rest.get(i), value, 0, MAX_PORT);
                case "--memory" -> memory = number(rest.get(i), value, 1, 32 << 10);
                case "--listen" -> address = String.valueOf(value);
                case "--unix" -> path = String.valueOf(value);
                case "--unix-mode" -> mode = mode(value);
                case "--spread" -> least = isLeast(value);
                default -> throw new IllegalArgumentException("unknown option " + rest.get(i) + "; see --help");
            }
        }
        Host host = Host.start(parsed.options());
        // Said first, hence done last: what went wrong, until the end.
        host.onClose(() -> {
            host.errors().entries().forEach(error -> System.err.println("cache: " + error));
            return null;
        });
        CacheServer server;
        InetSocketAddress at = new InetSocketAddress(address, port);
        if (path != null) {
            server = CacheServer.unix(host, path, mode, memory << 20);
        } else {
            server = least ? CacheServer.start(host, at, memory << 20, Acceptor.leastConnections())
                    : CacheServer.start(host, at, memory << 20);
        }
        System.err.println(host);
        System.out.println("cache: listening on " + (path != null ? path : address + ":" + server.port()));
        host.untilSignalled();
    }

    private static boolean isLeast(String value) {
        if (!"least".equals(value) && !"kernel".equals(value)) {
            throw new IllegalArgumentException("--spread needs kernel or least, not " + value);
        }
        return "least".equals(value);
    }

    private static int mode(String value) {
        if (value == null || !value.matches("[0-7]{3,4}") || Integer.parseInt(value, 8) > 0777) {
            throw new IllegalArgumentException("--unix-mode needs permissions such as 770, not " + value);
        }
        return Integer.parseInt(value, 8);
    }

    private static long number(String option, String value, long least, long most) {
        if (value == null || !value.matches("[0-9]{1,9}") || Long.parseLong(value) < least
                || Long.parseLong(value) > most) {
            throw new IllegalArgumentException(option + " needs a number from " + least + " to " + most + ", not "
                    + value);
        }
        return Long.parseLong(value);
    }
}
