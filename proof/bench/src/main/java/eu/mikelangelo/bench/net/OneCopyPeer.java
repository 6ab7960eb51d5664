package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.measure.Cores;
import eu.mikelangelo.bench.net.room.Group;
import eu.mikelangelo.bench.net.room.Room;
import eu.mikelangelo.bench.net.room.Talk;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Our own loop in C on DPDK's vhost library: one copy, two ports, and nothing of a switch (one-copy.c). */
final class OneCopyPeer implements Circuit.Peer {
    private static final Pattern READY = Pattern.compile("^ready DPDK (.*)$", Pattern.MULTILINE);
    private static final int PATIENCE_SECONDS = 60;

    private final Path program;
    private String version = "";

    OneCopyPeer(Path program) {
        this.program = program;
    }

    @Override
    public String title() {
        return "one-copy loop in C on DPDK " + version + ", built for this processor";
    }

    @Override
    public <C extends Client> Side<C> start(Room room, Cores cores, Client.Kind<C> kind) {
        Path folder = room.side();
        Sockets sockets = Sockets.in(folder);
        String cpu = String.valueOf(cores.server());
        List<String> command = List.of(program.toString(), "--lcores", "0@" + cpu + ",1@" + cpu, "--no-pci",
                "--no-telemetry", "--file-prefix=" + folder.getFileName(), "--huge-dir", room.hugePages().toString(),
                "-m", "64", "--", sockets.paths().get(0).toString(), sockets.paths().get(1).toString());
        Group group = Group.start(room, folder, Map.of("RUNTIME_DIRECTORY", folder.toString()), command);
        try {
            version = new Talk(group).await(READY, PATIENCE_SECONDS).group(1);
            group.boost();
        } catch (IllegalStateException failed) {
            group.close();
            throw new IllegalStateException("one-copy: " + failed.getMessage(), failed);
        }
        return Side.of(group, List.of(group), () -> kind.connect(room, sockets, cores.client()));
    }
}
