package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.measure.Cores;
import eu.mikelangelo.bench.net.room.Room;
import java.nio.file.Path;
import java.util.List;

/** DPDK's vhost ports under its packet forwarder, which takes frames from port to port. */
final class TestpmdPeer implements Circuit.Peer {
    private final String program;
    private final String build;
    private String version = "";

    /** The distribution's build, for any processor of this kind. */
    TestpmdPeer() {
        this(Testpmd.PROGRAM, "");
    }

    /** @param build what is particular about it, for its title */
    TestpmdPeer(String program, String build) {
        this.program = program;
        this.build = build;
    }

    @Override
    public String title() {
        return "dpdk-testpmd " + version + build;
    }

    @Override
    public <C extends Client> Side<C> start(Room room, Cores cores, Client.Kind<C> kind) {
        Path folder = room.side();
        Sockets sockets = Sockets.in(folder);
        Testpmd server = Testpmd.server(room, folder, sockets.paths(), cores.server(), program);
        version = server.version();
        return Side.of(server, List.of(server.group()), () -> kind.connect(room, sockets, cores.client()));
    }
}
