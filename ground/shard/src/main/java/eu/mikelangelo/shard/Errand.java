package eu.mikelangelo.shard;

import java.util.Objects;

/**
 * Work that goes to another shard and comes home: what {@link Sharded.Ref#call} is made of, for those who call so often
 * that they make it once and use it again. On its way nothing is allocated. It may visit several shards before it comes
 * home ({@link #onTo}).
 *
 * <p>Its work runs in the lane in which it was sent. A shard that has no room for it lets it wait where it is, in the
 * order of sending: bound how many are under way. One that is under way must not be sent again.
 *
 * <p>Threading: belongs to the shard it was made on; from {@link #go} to {@link #home} it and what it carries are the
 * shard's that it visits.
 */
public abstract class Errand {
    private static final Mailbox.Mail ARRIVAL = (here, from, errand, b, c) -> ((Errand) errand).arrive(here);
    private final Shard home;
    /** Not read from the shard at home: what that writes in each turn lies beside it. */
    private final int homeIndex;
    private final Runnable work = this::work;
    private Shard at;
    private Lane lane;
    private boolean homeward;
    private Throwable failure;

    /** @throws NullPointerException on a thread that is no shard's */
    protected Errand() {
        home = Objects.requireNonNull(Shard.current(), "errands are made on a shard");
        homeIndex = home.index();
        at = home;
    }

    /** Sends it; to the shard where it is at home, too. */
    public final void go(int shard) {
        lane = home.lane().lane;
        homeward = false;
        failure = null;
        home.post().send(shard, ARRIVAL, this, null, null);
    }

    /** Where it comes back to. */
    public final Shard homeShard() {
        return home;
    }

    /**
     * Does the work on the shard that it was sent to, as a task of that loop. When it is done, at once or later, it
     * says {@link #done} or {@link #onTo}, and touches nothing of the errand after that. What it throws brings the
     * errand home.
     */
    protected abstract void there(Shard here);

    /** Sends it home; on the shard where it is. */
    protected final void done() {
        homeward = true;
        at.post().send(homeIndex, ARRIVAL, this, null, null);
    }

    /** Sends it to another shard; on the shard where it is. */
    protected final void onTo(int shard) {
        at.post().send(shard, ARRIVAL, this, null, null);
    }

    /**
     * It is back. On the loop: short, as a promise's completion or a task's call to work is.
     *
     * @param thrown by {@link #there}, or null
     */
    protected abstract void home(Throwable thrown);

    private void arrive(Shard here) {
        at = here;
        if (homeward) {
            home(failure);
        } else {
            here.queue(lane).push(work);
        }
    }

    private void work() {
        try {
            there(at);
        } catch (Throwable thrown) {
            failure = thrown;
            done();
        }
    }
}
