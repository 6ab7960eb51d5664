package eu.mikelangelo.shard;

/** A task that is made once and used again; see {@link Shard#again}. One shard's alone. */
public final class Again implements Runnable {
    private final Lane.Queue in;
    private final Runnable task;
    private boolean waits;

    Again(Lane.Queue in, Runnable task) {
        this.in = in;
        this.task = task;
    }

    /** Runs it in a turn to come; several calls before that are one. */
    public void soon() {
        if (!waits) {
            waits = true;
            in.push(this);
        }
    }

    /** For the loop. */
    @Override
    public void run() {
        waits = false;
        try {
            task.run();
        } catch (Throwable thrown) {
            Shard.current().host().record(thrown);
        }
    }
}
