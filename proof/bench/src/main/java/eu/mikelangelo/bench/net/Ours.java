package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.net.room.Group;
import eu.mikelangelo.bench.net.room.Room;
import eu.mikelangelo.bench.net.room.Talk;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The product's switch as it ships: {@code ./mike io serve} with two vhost-user servers, its core pinned. It learns,
 * counts, and has both ports in a group of their own with limits each way, which are far above what they do.
 */
final class Ours implements AutoCloseable {
    private static final Pattern READY = Pattern.compile("^ready$", Pattern.MULTILINE);
    private static final String RULES = ",group=bench,rate=900G,pps=1G,rx-rate=900G,rx-pps=1G,storm-rate=1G";
    private static final int PATIENCE_SECONDS = 120;

    final Group group;
    private final Talk talk;

    private Ours(Group group) {
        this.group = group;
        talk = new Talk(group);
    }

    static Ours start(Room room, Path folder, List<Path> sockets, int cpu) {
        Path mike = Path.of(System.getProperty("mike.install"), "mike").toAbsolutePath();
        List<String> command = new java.util.ArrayList<>(List.of(mike.toString(), "io", "serve", "--cpu", "" + cpu));
        for (Path socket : sockets) {
            command.addAll(List.of("--net", socket + ",server" + RULES));
        }
        Ours ours = new Ours(Group.start(room, folder, Map.of("MIKE_HOME", folder.resolve("home").toString()),
                command));
        try {
            ours.talk.await(READY, PATIENCE_SECONDS);
            ours.group.boost();
        } catch (IllegalStateException failed) {
            ours.close();
            throw new IllegalStateException("mike io serve: " + failed.getMessage(), failed);
        }
        return ours;
    }

    @Override
    public void close() {
        group.close();
    }
}
