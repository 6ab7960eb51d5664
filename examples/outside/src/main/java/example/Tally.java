package example;

import eu.mikelangelo.shard.Future;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import eu.mikelangelo.shard.Sharded;
import java.util.ArrayList;
import java.util.List;

/** Adds up numbers on two shards: {@code Tally 1000} prints how many it has added, and their sum. */
public final class Tally {
    private long count;
    private long sum;

    private Tally() {}

    private void add(int number) {
        count++;
        sum += number;
    }

    public static void main(String[] arguments) {
        int most = Integer.parseInt(arguments[0]);
        try (Host host = Host.start(HostOptions.defaults().withShards(2).withOverprovisioned(true))) {
            Sharded<Tally> tallies = host.spread(shard -> new Tally());
            System.out.println(host.run(() -> {
                List<Future<?>> added = new ArrayList<>();
                for (int number = 1; number <= most; number++) {
                    int each = number;
                    added.add(tallies.owner(number).call(tally -> {
                        tally.add(each);
                        return null;
                    }));
                }
                Future.all(added).await();
                long count = tallies.gather(tally -> tally.count).await().stream().mapToLong(Long::longValue).sum();
                long sum = tallies.gather(tally -> tally.sum).await().stream().mapToLong(Long::longValue).sum();
                return count + " numbers, together " + sum;
            }));
        }
    }
}
