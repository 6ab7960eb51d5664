package eu.mikelangelo.shard;

import java.util.ArrayDeque;

/** The mailboxes of one shard, from and to all others. The shard's alone. */
final class Post {
    private final Shard shard;
    /** From those before us, then from those behind us. */
    private final Mailbox.Inbox[] inboxes;
    /** By the index of the other; null for ourselves. */
    private final Mailbox[] outboxes;
    private int held;
    /** Visits that are over. */
    private final ArrayDeque<Sharded.Call.Visit> idle = new ArrayDeque<>();

    /** @param in by the index of the other; null for ourselves */
    Post(Shard shard, Mailbox[] in, Mailbox[] out) {
        this.shard = shard;
        outboxes = out;
        inboxes = new Mailbox.Inbox[in.length - 1];
        for (int from = 0; from < in.length; from++) {
            if (from != shard.index()) {
                inboxes[from < shard.index() ? from : from - 1] = new Mailbox.Inbox(in[from], shard, from);
            }
        }
    }

    /** Sends, holding it back until there is room: tried again at each turn, in the order of sending. */
    void send(int to, Mailbox.Mail mail, Object a, Object b, Object c) {
        if (to == shard.index()) {
            mail.arrive(shard, to, a, b, c);
        } else if (held > 0 && outboxes[to].held() > 0 || !outboxes[to].send(mail, a, b, c)) {
            shard.metered().mailRefused.increment();
            outboxes[to].hold(mail, a, b, c);
            held++;
        }
    }

    /** For a call that has arrived; comes back by {@link #visited}. */
    Sharded.Call.Visit visit() {
        Sharded.Call.Visit visit = idle.pollLast();
        return visit == null ? new Sharded.Call.Visit(shard) : visit;
    }

    void visited(Sharded.Call.Visit visit) {
        idle.addLast(visit);
    }

    /** How much waits for room in another shard's mailbox. */
    int waitingForRoom(int to) {
        return to == shard.index() || held == 0 ? 0 : outboxes[to].held();
    }

    /** How much waits for room in all. */
    int held() {
        return held;
    }

    /** @param most from each. @return how much arrived */
    int receive(int most) {
        int arrived = 0;
        for (Mailbox.Inbox inbox : inboxes) {
            arrived += inbox.drain(most);
        }
        if (arrived > 0) {
            shard.metered().mailIn.add(arrived);
        }
        return arrived;
    }

    /** At the end of a turn. */
    void flush() {
        for (Mailbox outbox : outboxes) {
            if (outbox != null) {
                held -= held == 0 ? 0 : outbox.sendHeld();
                outbox.flush();
            }
        }
    }

    boolean hasNews() {
        for (Mailbox.Inbox inbox : inboxes) {
            if (inbox.hasNews()) {
                return true;
            }
        }
        return false;
    }

    /** When no loop runs any more: buffers on their way get home. Other mail is from fibers that nobody waits for. */
    void bringBuffersHome() {
        for (Mailbox outbox : outboxes) {
            if (outbox != null) {
                outbox.leftOver((mail, a, b, c) -> {
                    if (mail == Memory.HOMEWARD) {
                        mail.arrive(null, shard.index(), a, b, c);
                    }
                });
            }
        }
    }
}
