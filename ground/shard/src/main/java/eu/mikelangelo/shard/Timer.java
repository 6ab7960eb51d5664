package eu.mikelangelo.shard;

import eu.mikelangelo.shard.loop.TimerWheel;

/** Something that a shard does at a time; closing it calls it off. Resolution about a millisecond, never early. */
public final class Timer extends TimerWheel.Entry implements AutoCloseable {
    private final Shard shard;
    private final Task task;
    private final long periodNs;

    Timer(Shard shard, Task task, long periodNs) {
        this.shard = shard;
        this.task = task;
        this.periodNs = periodNs;
    }

    @Override
    protected void due() {
        if (periodNs > 0) {
            shard.timers().set(this, shard.nowNs() + periodNs);
        }
        task.ready();
    }

    /** Calls it off; twice is no error. */
    @Override
    public void close() {
        assert shard.isCurrent() : "a timer is its shard's alone";
        shard.timers().cancel(this);
    }
}
