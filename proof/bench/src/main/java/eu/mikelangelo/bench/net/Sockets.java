package eu.mikelangelo.bench.net;

import java.nio.file.Path;
import java.util.List;

/**
 * Where a switch and its client meet.
 *
 * @param paths one for each port
 * @param clientListens whether the switch comes to the client, else the client to the switch
 */
record Sockets(List<Path> paths, boolean clientListens) {
    /** The switch listens, in its folder. */
    static Sockets in(Path folder) {
        return new Sockets(List.of(folder.resolve("0"), folder.resolve("1")), false);
    }
}
