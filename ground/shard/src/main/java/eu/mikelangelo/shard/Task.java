package eu.mikelangelo.shard;

/** Something to do later, in the lane and the context in which it was made. */
final class Task implements Runnable, Future.Waiter {
    private final Shard shard;
    private final Lane.Queue lane;
    private final Context context;
    private final Work work;

    /** What a task does; what it throws is recorded. */
    interface Work {
        void run() throws Exception;
    }

    Task(Shard shard, Work work) {
        this(shard, shard.lane(), shard.context(), work);
    }

    Task(Shard shard, Lane.Queue lane, Context context, Work work) {
        this.shard = shard;
        this.lane = lane;
        this.context = context;
        this.work = work;
    }

    @Override
    public void ready() {
        lane.push(this);
    }

    /** The answer to a call made it ready, at the bottom of the loop: no other task is under way. */
    void readyByMail() {
        lane.pushOrRun(this);
    }

    @Override
    public void run() {
        Context before = shard.enter(context);
        try {
            work.run();
        } catch (Throwable thrown) {
            shard.host().record(thrown);
        } finally {
            shard.enter(before);
        }
    }
}
