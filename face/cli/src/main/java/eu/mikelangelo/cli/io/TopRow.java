package eu.mikelangelo.cli.io;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.Latency;
import java.util.List;
import java.util.Map;

/**
 * What a port did between two looks, per second.
 *
 * @param reason the drop reason that most of {@code drops} have; empty when there are none
 * @param batch  frames of a burst on average, both directions; 0 when there were none
 */
record TopRow(String name, double rxFrames, double txFrames, double rxBytes, double txBytes, double drops,
              String reason, double calls, double kicks, double batch, double p50Ns, double p99Ns) {

    /** @param before the port at the look before; empty when it was not there */
    static TopRow of(Fields before, Fields now, double seconds) {
        double frames = sum(now, "frames") - sum(before, "frames");
        double bursts = sum(now, "bursts") - sum(before, "bursts");
        Latency latency = Latency.of(now.object("latency")).since(Latency.of(before.object("latency")));
        return new TopRow(now.string("name", ""), rate(before, now, "rxFrames", seconds),
                rate(before, now, "txFrames", seconds), rate(before, now, "rxBytes", seconds),
                rate(before, now, "txBytes", seconds), rate(before, now, "drops", seconds),
                reason(before.object("dropReasons"), now.object("dropReasons")),
                Math.max(0, sum(now, "calls") - sum(before, "calls")) / seconds,
                Math.max(0, sum(now, "kicks") - sum(before, "kicks")) / seconds,
                bursts > 0 ? Math.max(0, frames) / bursts : 0, latency.percentileNs(50), latency.percentileNs(99));
    }

    /** A counter that went back is that of a port that was made anew. */
    private static double rate(Fields before, Fields now, String member, double seconds) {
        return Math.max(0, now.integer(member, 0) - before.integer(member, 0)) / seconds;
    }

    private static double sum(Fields port, String member) {
        List<Fields> queues = port.objects("queues");
        return queues.stream().mapToLong(queue -> queue.integer(member, 0)).sum();
    }

    private static String reason(Fields before, Fields now) {
        String main = "";
        long most = 0;
        for (Map.Entry<String, Object> reason : now.members().entrySet()) {
            long news = now.integer(reason.getKey(), 0) - before.integer(reason.getKey(), 0);
            if (news > most) {
                most = news;
                main = reason.getKey();
            }
        }
        return main;
    }
}
