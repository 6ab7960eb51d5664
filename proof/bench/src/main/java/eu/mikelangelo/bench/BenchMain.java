package eu.mikelangelo.bench;

import eu.mikelangelo.bench.net.NetBench;
import eu.mikelangelo.bench.shard.ShardBench;
import java.util.Set;

/** {@code ./do bench NAME [--json] [--only ROW[,ROW]] [--quick] [--harder]}. */
public final class BenchMain {
    private BenchMain() { }

    /** Exits with 0 when every row could run and 64 on wrong usage; whether aims are met is in the rows. */
    public static void main(String[] args) throws Exception {
        if (args.length == 0 || !Set.of("start", "shard", "net").contains(args[0])) {
            System.err.println("usage: ./do bench start|shard|net [--json] [--only ROW[,ROW]] [--quick] [--harder]");
            System.exit(64);
        }
        Options options;
        try {
            options = Options.parse(args, 1);
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            System.err.println("bench: " + e.getMessage());
            System.exit(64);
            return;
        }
        HostFacts.print(System.err);
        if (args[0].equals("shard")) {
            new ShardBench(options).run();
            System.exit(0);
        }
        if (args[0].equals("net")) {
            new NetBench(options).run();
            System.exit(0);
        }
        try (Product product = new Product()) {
            new StartBench(product, options).run();
        }
        System.exit(0);
    }
}
