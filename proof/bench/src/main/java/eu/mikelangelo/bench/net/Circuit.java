package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.Row;
import eu.mikelangelo.bench.measure.Cores;
import eu.mikelangelo.bench.measure.Regime;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Frames that go round between a client's two ports, through our switch and through a peer's. */
final class Circuit {
    static final String METRIC = "Mpps";
    private final Room room;
    private final NetPlan plan;
    private final Cores cores;
    private final Testpmd.Shape shape;
    private final Peer peer;
    private Matches matches;
    private String underWay = "";

    /** A switch to compare with. */
    interface Peer {
        /** Its name and version. */
        String title();

        /** A side whose switch has its one busy thread on the server's core; not paused. */
        Side start(Room room, Cores cores, Testpmd.Shape shape);
    }

    Circuit(Room room, NetPlan plan, Cores cores, Testpmd.Shape shape, Peer peer) {
        this.room = room;
        this.plan = plan;
        this.cores = cores;
        this.shape = shape;
        this.peer = peer;
    }

    /** The pairs of one regime. Near and far come of one search, made for the first that is asked for. */
    Row apart(String row, double aim, String regime, Set<String> wanted) {
        if (matches == null) {
            matches = search(new Matches.Wanted(wanted, plan.pairs()), plan.mostSeconds());
        }
        return Matches.row(row, peer.title(), METRIC, aim, matches.of(regime), plan.pairs(), matches.note() + underWay);
    }

    /** Whatever regime it is. */
    Row together(String row, double aim) {
        Matches found = search(new Matches.Wanted(Set.of(), plan.pairs()), plan.mostSecondsTogether());
        return Matches.row(row, peer.title(), METRIC, aim, found.of(null), plan.pairs(), found.note() + underWay);
    }

    private Matches search(Matches.Wanted wanted, double mostSeconds) {
        try (Side ours = ours(room, cores, shape)) {
            ours.pause();
            try (Side theirs = peer.start(room, cores, shape)) {
                theirs.pause();
                ours.warm(plan.warmupSeconds());
                theirs.warm(plan.warmupSeconds());
                Matches found = Matches.search(wanted, mostSeconds, Matches.CLOCK, () -> Regime.now(cores),
                        () -> ours.window(plan.windowSeconds()), () -> theirs.window(plan.windowSeconds()));
                underWay = String.format(Locale.ROOT, "; of %d frames under way at the end: ours %d, theirs %d",
                        Testpmd.FRAMES_IN_FLIGHT, ours.client().underWay(), theirs.client().underWay());
                return found;
            }
        }
    }

    /** @throws IllegalStateException when our switch does not offer such rings */
    static Side ours(Room room, Cores cores, Testpmd.Shape shape) {
        Path folder = room.side();
        List<Path> sockets = List.of(folder.resolve("0"), folder.resolve("1"));
        Ours server = Ours.start(room, folder, sockets, cores.server());
        try {
            VhostFeatures offered = VhostFeatures.of(sockets.getFirst());
            if (shape.packed() && !offered.packed()) {
                throw new IllegalStateException("our switch, asked for its features, offers no packed ring: "
                        + offered);
            }
            return new Side(server, List.of(server.group), Testpmd.client(room, room.side(), sockets, cores.client(),
                    shape));
        } catch (RuntimeException failed) {
            server.close();
            throw failed;
        }
    }
}
