package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.plane.api.PlaneClient;
import eu.mikelangelo.plane.api.PortStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * Kills a home's plane and measures how long it takes until a stream between two machines flows again.
 *
 * <p>The clock starts with the new plane's process (proc(5): starttime, in steps of 10 ms) and stops when that plane
 * has delivered payload to the receiver's port ({@value #PAYLOAD_BYTES} bytes, more than all else that the guests say
 * meanwhile) and has taken an answer. Its counters are asked every {@value #LOOK_MILLIS} ms, so a figure is right
 * to 20 ms. That the stream went on behind that is seen before the next kill.
 */
final class Resumption implements AutoCloseable {
    static final int LOOK_MILLIS = 5;
    static final int PAYLOAD_BYTES = 4 << 10;
    private static final long PATIENCE_NS = 60_000_000_000L;
    private static final long ANSWER_MILLIS = 20_000;
    private static final double TICK_MILLIS = 10;
    private static final double SLOW_MILLIS = 2_000;
    private final Mike mike;
    private final String receiver;
    private final String sender;
    private final List<Life> lives = new ArrayList<>();
    private PlaneClient plane;
    private long flowed;

    /**
     * How a plane's life began, in ms: its start since the kill of the one before, the others since its start.
     *
     * @param cpu   CPU time that it had taken by then
     * @param load  of the host: processes that run or want to
     */
    private record Life(double start, double answers, double ringsRun, double flows, double cpu, double load) { }

    Resumption(Mike mike, String receiver, String sender) throws IOException {
        this.mike = mike;
        this.receiver = receiver;
        this.sender = sender;
        plane = PlaneClient.connect(socket(), "test", ANSWER_MILLIS);
    }

    private Path socket() {
        return mike.home().resolve("run/plane.sock");
    }

    /** Waits until this plane has carried some of the stream. */
    void awaitFlow() throws Exception {
        long deadline = System.nanoTime() + PATIENCE_NS;
        while (!flows(stats(receiver))) {
            assertTrue(System.nanoTime() < deadline, "nothing flows: " + plane.stats(""));
            Thread.sleep(LOOK_MILLIS);
        }
    }

    private static boolean flows(PortStats of) {
        return of != null && of.rxBytes() >= PAYLOAD_BYTES && of.txFrames() > 0;
    }

    /** One kill; fails when the stream stood still before it, or does not flow within a minute behind it. */
    void killAndAwaitFlow() throws Exception {
        assertTrue(stats(receiver).rxBytes() > flowed, "the stream stopped again: " + plane.stats(""));
        long victim = plane.welcome().pid();
        double killed = uptimeMillis();
        assertTrue(ProcessHandle.of(victim).orElseThrow().destroyForcibly(), "no plane to kill");
        plane.close();
        long deadline = System.nanoTime() + PATIENCE_NS;
        plane = next(victim, deadline);
        long pid = plane.welcome().pid();
        double answers = uptimeMillis();
        double ringsRun = 0;
        PortStats to = stats(receiver);
        while (!flows(to)) {
            assertTrue(System.nanoTime() < deadline, "the stream does not flow again: " + plane.stats(""));
            Thread.sleep(LOOK_MILLIS);
            if (ringsRun == 0 && runs(to) && runs(stats(sender))) {
                ringsRun = uptimeMillis();
            }
            to = stats(receiver);
        }
        double flows = uptimeMillis();
        flowed = to.rxBytes();
        double started = startMillis(pid);
        Life life = new Life(started - killed, answers - started, Math.max(answers, ringsRun) - started,
                flows - started, cpuMillis(pid), load());
        lives.add(life);
        if (life.flows > SLOW_MILLIS) {
            System.out.println("plane kill " + lives.size() + " was slow: " + life + "; " + plane.stats(""));
        }
    }

    private static boolean runs(PortStats port) {
        return port != null && port.ringsRunning() == 2;
    }

    /** The plane that the agent starts. */
    private PlaneClient next(long victim, long deadline) throws InterruptedException {
        while (true) {
            try {
                PlaneClient client = PlaneClient.connect(socket(), "test", ANSWER_MILLIS);
                if (client.welcome().pid() != victim) {
                    return client;
                }
                client.close();
            } catch (IOException notYet) {
                assertTrue(System.nanoTime() < deadline, "no plane answers: " + notYet);
            }
            Thread.sleep(LOOK_MILLIS);
        }
    }

    /** Null while the port has not been added. */
    private PortStats stats(String port) throws IOException {
        List<PortStats> stats = plane.stats(port);
        return stats.isEmpty() ? null : stats.getFirst();
    }

    /** Since the host's start, as {@link #startMillis}. */
    private static double uptimeMillis() throws IOException {
        return 1_000 * Double.parseDouble(Files.readString(Path.of("/proc/uptime")).split(" ")[0]);
    }

    /** proc(5): starttime. */
    private static double startMillis(long pid) throws IOException {
        return TICK_MILLIS * stat(pid, 22);
    }

    /** proc(5): utime and stime. */
    private static double cpuMillis(long pid) throws IOException {
        return TICK_MILLIS * (stat(pid, 14) + stat(pid, 15));
    }

    /** A field of stat by its number in proc(5); the name, number 2, may have blanks in it. */
    private static long stat(long pid, int field) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[field - 3]);
    }

    private static double load() throws IOException {
        return Double.parseDouble(Files.readString(Path.of("/proc/loadavg")).split(" ")[0]);
    }

    double medianMillis() {
        return at(sorted(Life::flows), 0.5);
    }

    double worstMillis() {
        return sorted(Life::flows).getLast();
    }

    /** One line for the whole, and one for each part in which the time went. */
    String summary() {
        List<Double> load = sorted(Life::load);
        return String.format(Locale.ROOT, """
                plane kills: n %d, from the new plane's start until payload flowed: %s; %d CPUs, load %.1f to %.1f
                  from the kill to the start: %s
                  from the start to the plane's answers: %s
                  from the start until all rings ran: %s
                  from there until payload flowed: %s
                  the plane's CPU time until payload flowed: %s""", lives.size(), text(Life::flows),
                Runtime.getRuntime().availableProcessors(), load.getFirst(), load.getLast(), text(Life::start),
                text(Life::answers), text(Life::ringsRun), text(life -> life.flows - life.ringsRun), text(Life::cpu));
    }

    private String text(ToDoubleFunction<Life> of) {
        List<Double> all = sorted(of);
        return String.format(Locale.ROOT, "median %.0f, p95 %.0f, worst %.0f ms", at(all, 0.5), at(all, 0.95),
                all.getLast());
    }

    private List<Double> sorted(ToDoubleFunction<Life> of) {
        List<Double> all = new ArrayList<>();
        lives.forEach(life -> all.add(of.applyAsDouble(life)));
        Collections.sort(all);
        return all;
    }

    private static double at(List<Double> sorted, double share) {
        return sorted.get((int) Math.min(sorted.size() - 1, Math.floor(share * sorted.size())));
    }

    @Override
    public void close() {
        plane.close();
    }
}
