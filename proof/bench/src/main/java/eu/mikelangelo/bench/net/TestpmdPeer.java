package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.measure.Cores;
import java.nio.file.Path;
import java.util.List;

/** DPDK's vhost ports under its packet forwarder, which takes frames from port to port: the distribution's build. */
final class TestpmdPeer implements Circuit.Peer {
    private String version = "";

    @Override
    public String title() {
        return "dpdk-testpmd " + version;
    }

    @Override
    public Side start(Room room, Cores cores, Testpmd.Shape shape) {
        Path folder = room.side();
        List<Path> sockets = List.of(folder.resolve("0"), folder.resolve("1"));
        Testpmd server = Testpmd.server(room, folder, sockets, cores.server());
        version = server.version();
        try {
            return new Side(server, List.of(server.group), Testpmd.client(room, room.side(), sockets, cores.client(),
                    shape));
        } catch (RuntimeException failed) {
            server.close();
            throw failed;
        }
    }
}
