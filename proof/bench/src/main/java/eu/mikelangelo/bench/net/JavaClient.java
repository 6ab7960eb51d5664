package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.measure.Cores;
import eu.mikelangelo.bench.measure.JavaCommand;
import eu.mikelangelo.bench.net.client.ClientMain;
import eu.mikelangelo.bench.net.room.Group;
import eu.mikelangelo.bench.net.room.Room;
import eu.mikelangelo.bench.net.room.Talk;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * {@link ClientMain} in a process of its own. It has nothing under way between windows, and has checked every frame
 * that counts.
 */
final class JavaClient implements Client {
    private static final Pattern READY = Pattern.compile("^ready$", Pattern.MULTILINE);
    private static final Pattern DONE = Pattern.compile("^done (.*)\n", Pattern.MULTILINE);
    private static final int PATIENCE_SECONDS = 60;
    /** A switch that loses more of what is offered has not done the work. */
    private static final double MOST_LOST = 0.001;

    private final Group group;
    private final Talk talk;
    private final List<String> measured;
    private double arrived;
    private double lost;
    private double missed;

    /**
     * @param traffic of the client
     * @param measured the names of what counts in its answers
     */
    record Shape(String traffic, List<String> measured) implements Client.Kind<JavaClient> {
        static final Shape SEGMENTS = new Shape("segments", List.of("gigabits"));
        /** Seconds, median and 99th percentile. */
        static final Shape HOPS = new Shape("hops", List.of("p50", "p99"));

        @Override
        public JavaClient connect(Room room, Sockets sockets, int cpu) {
            List<String> words = new ArrayList<>(List.of(traffic, sockets.clientListens() ? "listen" : "connect"));
            sockets.paths().forEach(socket -> words.add(socket.toString()));
            List<String> java = JavaCommand.of(List.of("--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC",
                    "-Xms128m", "-Xmx128m"), ClientMain.class.getName(), words);
            JavaClient client = new JavaClient(Group.start(room, room.side(), Map.of(), Cores.pinned(cpu, java)),
                    measured);
            try {
                client.talk.await(READY, PATIENCE_SECONDS);
            } catch (IllegalStateException failed) {
                client.close();
                throw new IllegalStateException("the client of " + traffic + ": " + failed.getMessage(), failed);
            }
            client.group.boost();
            return client;
        }
    }

    private JavaClient(Group group, List<String> measured) {
        this.group = group;
        this.measured = measured;
        talk = new Talk(group);
    }

    @Override
    public Group group() {
        return group;
    }

    @Override
    public void warm(double seconds) {
        run(seconds);
    }

    @Override
    public double[] window(double seconds) {
        Map<String, Double> said = run(seconds);
        arrived += said.get("arrived");
        lost += said.get("lost");
        missed += said.getOrDefault("missed", 0.0);
        if (lost > MOST_LOST * arrived) {
            throw new IllegalStateException("of " + (long) (arrived + lost) + " frames " + (long) lost + " were lost");
        }
        return measured.stream().mapToDouble(said::get).toArray();
    }

    @Override
    public String note() {
        return String.format(Locale.ROOT, "%.4g frames arrived, %.0f lost", arrived, lost)
                + (missed > 0 ? String.format(Locale.ROOT, ", %.4g never sent, for the client was kept from it", missed)
                : "");
    }

    private Map<String, Double> run(double seconds) {
        String answer = talk.ask(String.format(Locale.ROOT, "run %.3f", seconds), DONE,
                PATIENCE_SECONDS + (int) seconds).group(1);
        Map<String, Double> said = new TreeMap<>();
        for (String word : answer.split(" ")) {
            int equals = word.indexOf('=');
            said.put(word.substring(0, equals), Double.valueOf(word.substring(equals + 1)));
        }
        return said;
    }

    @Override
    public void close() {
        group.close();
    }
}
