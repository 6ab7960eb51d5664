package eu.mikelangelo.examples.cache.server;

import eu.mikelangelo.examples.cache.Output;
import eu.mikelangelo.examples.cache.Session;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.io.Conversation;
import eu.mikelangelo.shard.io.Server;

/** One client: its {@link Session}, with a buffer for answers while there are any. One shard's alone. */
final class Talk implements Conversation {
    private final Site site;
    private final Server.Client client;
    private final Session session;
    private Output output;
    /** Has come back with an answer for which there is no room yet. */
    private Trip arrived;
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
        int used = session.feed(in, from, to, output);
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
            case Session.WAITS -> LATER;
            default -> CLOSE;
        };
    }

    @Override
    public Region output() {
        return output.region();
    }

    @Override
    public int outputFrom() {
        return output.from();
    }

    @Override
    public int outputLength() {
        return output == null ? 0 : output.length();
    }

    @Override
    public void sent(int bytes) {
        site.bytesWritten += bytes;
        output.sent(bytes);
        if (output.length() == 0 && arrived != null) {
            take();
        }
        giveBackWhenEmpty();
    }

    /** A request of ours has been executed elsewhere. */
    void arrived(Trip trip) {
        arrived = trip;
        if (closed) {
            arrived = null;
            trip.unload();
        } else if (!ready()) {
            finish();
        } else {
            take();
            giveBackWhenEmpty();
        }
    }

    /** Appends the answer if there is room, now or when more has been sent. */
    private void take() {
        int room = arrived.answer(output);
        if (room != Output.FULL) {
            broken |= room == Output.NEVER;
            finish();
        }
    }

    private void finish() {
        Trip trip = arrived;
        arrived = null;
        trip.unload();
        session.answered();
        client.resume();
    }

    @Override
    public void close() {
        closed = true;
        site.clients--;
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
