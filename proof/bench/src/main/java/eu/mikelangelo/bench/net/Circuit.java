package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.Row;
import eu.mikelangelo.bench.measure.Cores;
import eu.mikelangelo.bench.measure.Regime;
import eu.mikelangelo.bench.net.room.Room;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** The same client's frames through our switch and through a peer's. @param <C> the client */
final class Circuit<C extends Client> {
    private final Room room;
    private final NetPlan plan;
    private final Cores cores;
    private final Client.Kind<C> kind;
    private final Metric metric;
    private final Peer peer;
    private Matches matches;
    private String notes = "";

    /** A switch to compare with. */
    interface Peer {
        /** Its name and version. */
        String title();

        /** A side whose switch has its one busy thread on the server's core; not paused. */
        <C extends Client> Side<C> start(Room room, Cores cores, Client.Kind<C> kind);
    }

    Circuit(Room room, NetPlan plan, Cores cores, Client.Kind<C> kind, Metric metric, Peer peer) {
        this.room = room;
        this.plan = plan;
        this.cores = cores;
        this.kind = kind;
        this.metric = metric;
        this.peer = peer;
    }

    /** The pairs of one regime. Near and far come of one search, made for the first that is asked for. */
    Row apart(String row, double aim, String regime, Set<String> wanted) {
        if (matches == null) {
            matches = search(wanted, plan.mostSeconds());
        }
        return row(row, aim, regime, 0);
    }

    /** Whatever regime it is. All values come of one search. @param value which of those that the client measures */
    Row together(String row, double aim, int value) {
        if (matches == null) {
            matches = search(Set.of(), plan.mostSecondsTogether());
        }
        return row(row, aim, null, value);
    }

    private Row row(String row, double aim, String regime, int value) {
        return Matches.row(row, peer.title(), metric, aim, matches.of(regime), value, plan.pairs(),
                matches.note() + notes);
    }

    /** In several rounds: what a JVM makes of its code, or a process gets for memory, differs from start to start. */
    private Matches search(Set<String> regimes, double mostSeconds) {
        Matches found = Matches.NONE;
        for (int round = 1; round <= plan.rounds(); round++) {
            int pairs = (plan.pairs() * round + plan.rounds() - 1) / plan.rounds();
            Matches.Wanted wanted = new Matches.Wanted(regimes, pairs);
            found = round(found, wanted, mostSeconds / plan.rounds());
        }
        return found;
    }

    private Matches round(Matches before, Matches.Wanted wanted, double mostSeconds) {
        try (Side<C> ours = ours(room, cores, kind)) {
            ours.pause();
            try (Side<C> theirs = peer.start(room, cores, kind)) {
                theirs.pause();
                ours.warm(plan.warmupSeconds());
                theirs.warm(plan.warmupSeconds());
                Matches found = Matches.search(before, wanted, mostSeconds, Matches.CLOCK, () -> Regime.now(cores),
                        () -> ours.window(plan.windowSeconds()), () -> theirs.window(plan.windowSeconds()));
                notes += "; ours: " + ours.client().note() + "; theirs: " + theirs.client().note();
                return found;
            }
        }
    }

    /** Our switch and a client of this kind. */
    static <C extends Client> Side<C> ours(Room room, Cores cores, Client.Kind<C> kind) {
        Path folder = room.side();
        Sockets sockets = Sockets.in(folder);
        Ours server = Ours.start(room, folder, sockets.paths(), cores.server());
        return Side.of(server, List.of(server.group), () -> kind.connect(room, sockets, cores.client()));
    }
}
