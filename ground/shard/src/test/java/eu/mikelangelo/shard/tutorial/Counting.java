package eu.mikelangelo.shard.tutorial;

import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import eu.mikelangelo.shard.Sharded;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Counts words on all cores without a lock. */
public final class Counting {
    public static void main(String[] words) {
        try (Host host = Host.start(HostOptions.defaults().withShards(2).withOverprovisioned(true))) {
            Sharded<Map<String, Integer>> counts = host.spread(shard -> new HashMap<>());
            List<Integer> sizes = host.run(() -> {
                for (String word : words) {
                    counts.owner(word).call(map -> map.merge(word, 1, Integer::sum)).await();
                }
                return counts.gather(Map::size).await();
            });
            System.out.println(words.length + " words, of them different: "
                    + sizes.stream().mapToInt(Integer::intValue).sum());
        }
    }
}
