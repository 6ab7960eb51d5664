package eu.mikelangelo.shard.io;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.shard.Context;
import eu.mikelangelo.shard.Lane;
import eu.mikelangelo.shard.Promise;
import eu.mikelangelo.shard.Shard;
import java.util.LinkedHashSet;
import java.util.List;

/** Serves the connections that one shard is given, a fiber each. That shard's alone. */
final class Serving implements Acceptor.Taker {
    private final Shard shard;
    private final Lane lane;
    private final Acceptor.Handler handler;
    private final LinkedHashSet<Stream> streams = new LinkedHashSet<>();
    private Promise<Void> last;

    Serving(Shard shard, Lane lane, Acceptor.Handler handler) {
        this.shard = shard;
        this.lane = lane;
        this.handler = handler;
    }

    @Override
    public void take(int fd, Runnable gone) {
        shard.fiber(lane, () -> {
            try {
                serve(fd);
            } catch (LinuxException broken) {
                // The other side has gone: its business.
            } catch (Exception thrown) {
                shard.host().errors().record("serving a connection threw " + thrown.getClass().getName(),
                        String.valueOf(thrown.getMessage()));
            } finally {
                gone.run();
                if (last != null && streams.isEmpty()) {
                    last.complete(null);
                }
            }
            return null;
        });
    }

    private void serve(int fd) throws Exception {
        Stream stream;
        try {
            stream = new Stream(shard, fd);
        } catch (RuntimeException unwatched) {
            Fds.close(fd);
            throw unwatched;
        }
        streams.add(stream);
        try (stream) {
            handler.serve(stream);
        } finally {
            streams.remove(stream);
        }
    }

    /** Waits for those that are served; when patience ends, their streams are closed under them. */
    @Override
    public void end(long patienceNs) {
        last = new Promise<>();
        if (streams.isEmpty()) {
            return;
        }
        try {
            Context.within(patienceNs, last::await);
        } catch (Exception late) {
            for (Stream stream : List.copyOf(streams)) {
                stream.close();
            }
        }
    }
}
