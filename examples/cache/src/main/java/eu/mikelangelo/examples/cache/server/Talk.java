package eu.mikelangelo.examples.cache.server;

import eu.mikelangelo.examples.cache.Output;
import eu.mikelangelo.examples.cache.Session;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.io.Conversation;
import eu.mikelangelo.shard.io.Server;

/** One client: its {@link Session}, with a buffer for answers while there are any. One shard's alone. */
final class Talk extends Wish implements Conversation {
    private final Site site;
    private final Server.Client client;
    private final Session session;
    private Output output;
    /** Has come back with an answer for which there is no room yet. */
    private Trip arrived;
    /** That answer is large: it is sent from where it stands, and so much of it has left. */
    private boolean direct;
    private int directSent;
    private boolean broken;
    private boolean closed;

    Talk(Site site, Server.Client client) {
        this.site = site;
        this.client = client;
        session = new Session(site.protocol);
        site.clients++;
        site.allClients++;
    }

    @Override
    public int feed(Region in, int from, int to) {
        if (!ready()) {
            return to - from;
        }
        site.talking = this;
        session.bufferFree();
        site.lender.asks(this);
        int used = session.feed(in, from, to, output);
        site.lender.asks(null);
        if (session.status() == Session.NEEDS_BUFFER) {
            site.lender.await(this, site.shard.nowNs());
        } else {
            site.lender.leave(this);
        }
        site.bytesRead += used;
        giveBackWhenEmpty();
        return used;
    }

    /** @return false when there is no buffer: the client is sent away */
    private boolean ready() {
        if (output == null) {
            output = site.lendOutput();
            broken |= output == null;
        }
        return !broken;
    }

    private void giveBackWhenEmpty() {
        if (output != null && output.length() == 0) {
            site.giveBack(output);
            output = null;
        }
    }

    @Override
    public int status() {
        if (broken) {
            return CLOSE;
        }
        return switch (session.status()) {
            case Session.NEEDS_INPUT -> INPUT;
            case Session.NEEDS_ROOM -> ROOM;
            case Session.WAITS, Session.NEEDS_BUFFER -> LATER;
            default -> CLOSE;
        };
    }

    @Override
    public Region output() {
        return direct ? arrived.answer().region() : output.region();
    }

    @Override
    public int outputFrom() {
        return direct ? arrived.answer().from() + directSent : output.from();
    }

    @Override
    public int outputLength() {
        if (direct) {
            return arrived.answer().length() - directSent;
        }
        return output == null ? 0 : output.length();
    }

    @Override
    public void sent(int bytes) {
        site.bytesWritten += bytes;
        if (direct) {
            directSent += bytes;
            if (outputLength() == 0) {
                finish();
            }
            return;
        }
        output.sent(bytes);
        if (output.length() == 0 && arrived != null) {
            take();
        }
        giveBackWhenEmpty();
    }

    /** A request of ours has been executed elsewhere. @param good that nothing was thrown */
    void arrived(Trip trip, boolean good) {
        arrived = trip;
        if (closed) {
            arrived = null;
            trip.unload();
        } else if (!good || !ready()) {
            broken = true;
            finish();
        } else {
            take();
            giveBackWhenEmpty();
        }
    }

    /** Appends the answer, or sends it from where it stands, if there is room, now or when more has been sent. */
    private void take() {
        Output answer = arrived.answer();
        if (output.isSmall(answer.length())) {
            if (output.append(answer.region(), answer.from(), answer.length()) == Output.FITS) {
                finish();
            }
        } else if (output.length() == 0) {
            direct = true;
            directSent = 0;
            client.resume();
        }
    }

    private void finish() {
        Trip trip = arrived;
        arrived = null;
        direct = false;
        trip.unload();
        session.answered();
        client.resume();
    }

    /** A large buffer may be free. Who must send first does not keep others from it meanwhile. */
    @Override
    void askAgain() {
        if (outputLength() > 0) {
            site.lender.leave(this);
        }
        session.bufferFree();
        client.resume();
    }

    @Override
    public void close() {
        closed = true;
        direct = false;
        site.clients--;
        site.lender.leave(this);
        session.close();
        if (arrived != null) {
            Trip trip = arrived;
            arrived = null;
            trip.unload();
        }
        if (output != null) {
            output.drop();
            giveBackWhenEmpty();
        }
    }
}
