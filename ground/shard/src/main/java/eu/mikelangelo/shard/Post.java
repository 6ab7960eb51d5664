package eu.mikelangelo.shard;

/** The mailboxes of one shard, from and to all others. The shard's alone. */
final class Post {
    private final Shard shard;
    /** By the index of the other; null for ourselves. */
    private final Mailbox[] inboxes;
    private final Mailbox[] outboxes;
    private int held;

    Post(Shard shard, Mailbox[] in, Mailbox[] out) {
        this.shard = shard;
        inboxes = in;
        outboxes = out;
    }

    /** Sends, holding it back until there is room: tried again at each turn, in the order of sending. */
    void send(int to, Mailbox.Mail mail) {
        if (to == shard.index()) {
            mail.arrive(shard);
        } else if (outboxes[to].held() > 0 || !outboxes[to].send(mail)) {
            shard.metered().mailRefused.increment();
            outboxes[to].hold(mail);
            held++;
        }
    }

    /** How much waits for room in another shard's mailbox. */
    int waitingForRoom(int to) {
        return to == shard.index() ? 0 : outboxes[to].held();
    }

    /** How much waits for room in all. */
    int held() {
        return held;
    }

    /** @param most from each. @return how much arrived */
    int receive(int most) {
        int arrived = 0;
        for (Mailbox inbox : inboxes) {
            if (inbox != null) {
                arrived += inbox.drain(most);
            }
        }
        return arrived;
    }

    /** At the end of a turn. */
    void flush() {
        for (Mailbox outbox : outboxes) {
            if (outbox != null) {
                held -= outbox.sendHeld();
                outbox.flush();
            }
        }
    }

    boolean hasNews() {
        for (Mailbox inbox : inboxes) {
            if (inbox != null && inbox.hasNews()) {
                return true;
            }
        }
        return false;
    }

    /** When no loop runs any more: buffers on their way get home. Other mail is from fibers that nobody waits for. */
    void bringBuffersHome() {
        for (Mailbox outbox : outboxes) {
            for (var mail = outbox == null ? null : outbox.leftOver(); mail != null; mail = outbox.leftOver()) {
                if (mail instanceof Memory.Way way) {
                    way.arrive(null);
                }
            }
        }
    }
}
