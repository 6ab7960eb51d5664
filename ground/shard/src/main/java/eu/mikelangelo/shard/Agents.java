package eu.mikelangelo.shard;

import java.util.Arrays;

/** The agents of one shard, in the order in which they came. The shard's alone. */
final class Agents {
    private final Host host;
    private Agent[] all = new Agent[0];

    Agents(Host host) {
        this.host = host;
    }

    void add(Agent agent) {
        all = Arrays.copyOf(all, all.length + 1);
        all[all.length - 1] = agent;
    }

    void remove(Agent agent) {
        all = Arrays.stream(all).filter(each -> each != agent).toArray(Agent[]::new);
    }

    boolean isEmpty() {
        return all.length == 0;
    }

    /** Polls them all: one that throws does not keep the others from their turn. What was dealt with counts as work. */
    int poll(long nowNs) {
        int work = 0;
        for (Agent agent : all) {
            try {
                work += agent.poll(nowNs);
            } catch (Throwable thrown) {
                work += tell(thrown) ? 1 : 0;
            }
        }
        return work;
    }

    /** Asks them all whose this is (see {@link Agent#broken}). @return false when it was nobody's and is recorded */
    boolean tell(Throwable thrown) {
        boolean known = false;
        for (Agent agent : all) {
            known |= agent.broken(thrown);
        }
        if (!known) {
            host.record(thrown);
        }
        return known;
    }

    /** @return whether none has work after all */
    boolean beforeSleep() {
        boolean quiet = true;
        for (Agent agent : all) {
            quiet &= agent.beforeSleep();
        }
        return quiet;
    }

    void afterSleep() {
        for (Agent agent : all) {
            agent.afterSleep();
        }
    }

    /** When the first of them is to be polled though nothing happens. */
    long deadlineNs() {
        long next = Long.MAX_VALUE;
        for (Agent agent : all) {
            next = Math.min(next, agent.deadlineNs());
        }
        return next;
    }
}
