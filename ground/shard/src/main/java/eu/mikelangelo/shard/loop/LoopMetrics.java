package eu.mikelangelo.shard.loop;

import eu.mikelangelo.metrics.Counter;
import eu.mikelangelo.metrics.Counters;
import eu.mikelangelo.metrics.Gauge;
import eu.mikelangelo.metrics.MetricGroup;

/**
 * What a loop counts about itself. Its thread alone writes, once a turn at most and never per task; any thread reads
 * through the registry. {@link #stalls} is the detector's.
 */
public final class LoopMetrics {
    /** One, of every turn, which the stall detector watches. */
    public final Counters turn = new Counters(1);
    private final Counter turns;
    public final Counter sleeps;
    public final Counter wakes;
    public final Counter mailIn;
    public final Counter mailRefused;
    public final Gauge mailHeld;
    public final Counter door;
    public final Counter timersFired;
    public final Gauge timersSet;
    public final Counter events;
    public final Gauge fibers;
    public final Gauge memory;
    public final Gauge memoryLive;
    public final Gauge memoryRefused;
    public final Counter buffersHome;
    public final Counter stalls;

    /**
     * @param of the loop's
     * @param detector for another writer: the values of two groups share no cache line
     */
    public LoopMetrics(MetricGroup of, MetricGroup detector) {
        turns = of.counter("shard_turns_total", "Turns of the loop");
        sleeps = of.counter("shard_sleeps_total", "Times the loop had nothing to do and slept");
        wakes = of.counter("shard_wakes_total", "Sleeps that something ended, not the time");
        mailIn = of.counter("shard_mail_in_total", "Mail of other shards that arrived");
        mailRefused = of.counter("shard_mail_refused_total",
                "Mail for which another shard's mailbox had no room at first");
        mailHeld = of.gauge("shard_mail_held", "Mail that waits for room in another shard's mailbox");
        door = of.counter("shard_door_total", "What threads that are no shard's wanted done");
        timersFired = of.counter("shard_timers_fired_total", "Timers whose time came");
        timersSet = of.gauge("shard_timers", "Timers that are set");
        events = of.counter("shard_events_total", "Events of descriptors and devices");
        fibers = of.gauge("shard_fibers", "Fibers that have not ended");
        memory = of.gauge("shard_memory_bytes", "Bytes reserved at the start");
        memoryLive = of.gauge("shard_memory_live_bytes", "Bytes in live blocks");
        memoryRefused = of.gauge("shard_memory_refused", "Blocks refused for want of memory");
        buffersHome = of.counter("shard_buffers_home_total", "Buffers of this shard that others sent home");
        stalls = detector.counter("shard_stalls_total", "Times one task kept the loop for too long");
    }

    /** Makes the turns visible to readers of the registry. */
    public void publish() {
        turns.add(turn.get(0) - turns.get());
    }
}
