package eu.mikelangelo.virtio.mock;

import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.QueueFault;
import java.util.EnumMap;
import java.util.Map;

/** What programs of {@link RingFuzz} did, in numbers. */
final class RingTally {
    /** Format, event index, in order, indirect: all mixes of them. */
    static final int MIXES = 16;
    private static final long[] FEATURES = {Features.PACKED, Features.EVENT_IDX, Features.IN_ORDER,
        Features.INDIRECT_DESC};
    private static final String[] NAMES = {"packed", "event index", "in order", "indirect"};

    long programs;
    /** Programs in which the device listed a chain; in which it gave one back. */
    long reached;
    long served;
    /** Programs of a driver that kept all rules. */
    long honest;
    long lies;
    long buffers;
    long operations;
    private final long[] mixes = new long[MIXES];
    private final Map<QueueFault, Long> faults = new EnumMap<>(QueueFault.class);

    /** Adds a life that is over. */
    void add(RingLife life) {
        operations += life.operations;
        buffers += life.returned;
        faults.merge(life.queue.fault(), 1L, Long::sum);
        int mix = 0;
        for (int i = 0; i < FEATURES.length; i++) {
            mix |= Features.has(life.layout.features(), FEATURES[i]) ? 1 << i : 0;
        }
        mixes[mix] += life.operations;
    }

    /** @return ring operations of the mix that had the fewest */
    long rarestMix() {
        long fewest = Long.MAX_VALUE;
        for (long mix : mixes) {
            fewest = Math.min(fewest, mix);
        }
        return fewest;
    }

    /** @return one line */
    String summary() {
        return "ring: " + programs + " programs, " + reached + " reached the device, " + operations
                + " ring operations, " + buffers + " buffers came back, " + lies + " lies; faults " + faults;
    }

    /** @return all of it, for people */
    String report() {
        StringBuilder text = new StringBuilder();
        line(text, "ring operations", operations);
        line(text, "programs", programs);
        share(text, "  in which the device listed a chain", reached);
        share(text, "  in which it gave one back", served);
        share(text, "  of a driver without a lie", honest);
        line(text, "lies told", lies);
        line(text, "buffers that came back", buffers);
        text.append("how the queues ended\n");
        faults.forEach((fault, count) -> line(text, "  " + fault, count));
        text.append("ring operations by features\n");
        for (int mix = 0; mix < MIXES; mix++) {
            line(text, "  " + name(mix), mixes[mix]);
        }
        return text.toString();
    }

    private static String name(int mix) {
        StringBuilder name = new StringBuilder((mix & 1) != 0 ? NAMES[0] : "split");
        for (int i = 1; i < NAMES.length; i++) {
            name.append((mix & 1 << i) != 0 ? ", " + NAMES[i] : "");
        }
        return name.toString();
    }

    private void share(StringBuilder text, String what, long count) {
        text.append(String.format("%-48s %,15d  %5.1f %%%n", what, count, 100.0 * count / Math.max(1, programs)));
    }

    private static void line(StringBuilder text, String what, long count) {
        text.append(String.format("%-48s %,15d%n", what, count));
    }
}
