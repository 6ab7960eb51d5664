package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * Several command lines start, stop, kill and remove a few machines at random, while agent and plane are killed at
 * random; in rounds, and after each round words and facts must agree. Then the same without kills, so that growth
 * shows: kills hide leaks. Settings: mike.soak.minutes (10), mike.soak.seed (the clock's; it is printed).
 */
@Tag("soak")
class SoakTest {
    private static final int MINUTES = Integer.getInteger("mike.soak.minutes", 10);
    private static final long SEED = Long.getLong("mike.soak.seed", System.nanoTime());
    private static final int MACHINES = 4;
    private static final int COMMAND_LINES = 3;
    private static final Duration ROUND = Duration.ofSeconds(40);
    /** The longest boot of a machine on a busy host. */
    private static final Duration BOOT = Duration.ofMinutes(2);
    /** What a command may answer when others do the same at the same time, or its agent is killed under it. */
    private static final Set<Integer> HONEST = Set.of(0, 66, 70, 73, 75);
    /** The agent went away under a command: only while somebody kills it. */
    private static final int UNAVAILABLE = 69;
    /** Growth that is no leak: lazily opened files, a heap that found its size. */
    private static final int MOST_MORE_FILES = 8;
    private static final int MOST_MORE_MIB = 64;

    private final Mike mike = new Mike("soak");
    private final Path app = mike.home().resolve("waiter");
    private final int[] ports = new int[MACHINES];
    private final ConcurrentLinkedQueue<String> findings = new ConcurrentLinkedQueue<>();
    /** "run 73" → how often; and one example of what such a command said. */
    private final Map<String, AtomicInteger> outcomes = new TreeMap<>();
    private final Map<String, String> examples = new TreeMap<>();
    private final AtomicInteger kills = new AtomicInteger();

    /** Files and memory of the two daemons while nothing runs. */
    private record Size(long agent, long plane, int agentFiles, int planeFiles, int agentMib, int planeMib) { }

    @BeforeEach
    void prepare() throws IOException {
        mike.delete();
        Mike.app(app, "trap 'exit 0' TERM\necho waiting\nwhile read line; do :; done");
        mike.run("compose", app.toString()).ok();
        for (int i = 0; i < MACHINES; i++) {
            ports[i] = Mike.freePort();
        }
    }

    @AfterEach
    void clean() throws IOException {
        mike.close();
        mike.delete();
    }

    @Test
    void nothingIsLeftAndNothingGrows() throws Exception {
        System.out.println("soak: " + MINUTES + " minutes, seed " + SEED);
        Random random = new Random(SEED);
        long start = System.nanoTime();
        long half = start + Duration.ofMinutes(MINUTES).toNanos() / 2;
        int rounds = 0;
        while (System.nanoTime() < half) {
            round(random.nextLong(), true);
            wordsAndFactsAgree();
            rounds++;
        }
        removeAll();
        round(random.nextLong(), false); // what is only ever opened or compiled once
        Size before = size();
        while (System.nanoTime() < start + Duration.ofMinutes(MINUTES).toNanos()) {
            round(random.nextLong(), false);
            wordsAndFactsAgree();
            rounds++;
        }
        Size after = size();
        System.out.println("soak: " + rounds + " rounds, " + kills + " kills of agent or plane, commands " + outcomes
                + "\nsoak: before " + before + "\nsoak: after  " + after);
        examples.forEach((outcome, said) -> System.out.println("soak: " + outcome + ": " + said));
        // 75: it runs, and does not listen, as with every published port here.
        if (count("run 0") + count("run 75") + count("start 0") < rounds) {
            findings.add("too few machines ran for this to mean anything; the host is too busy");
        }
        grownLittle(before, after);
        mike.run("agent", "stop", "--all").ok();
        findings.addAll(Host.leftBehind(mike, "", ports));
        assertTrue(findings.isEmpty(), () -> findings.size() + " findings:\n" + String.join("\n", findings));
    }

    private int count(String outcome) {
        return outcomes.containsKey(outcome) ? outcomes.get(outcome).get() : 0;
    }

    /** One round: command lines side by side, and, if asked for, kills. */
    private void round(long seed, boolean withKills) throws InterruptedException {
        AtomicBoolean over = new AtomicBoolean();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < COMMAND_LINES; i++) {
            Random own = new Random(seed + i);
            threads.add(thread(over, () -> command(own, withKills)));
        }
        if (withKills) {
            Random own = new Random(seed - 1);
            threads.add(thread(over, () -> kill(own)));
        }
        Thread.sleep(ROUND);
        over.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /** One thing to do, again and again. */
    private interface Step {
        void run() throws InterruptedException;
    }

    private Thread thread(AtomicBoolean over, Step step) {
        return Thread.ofPlatform().start(() -> {
            try {
                while (!over.get()) {
                    step.run();
                }
            } catch (InterruptedException | AssertionError e) {
                findings.add(e.toString());
            }
        });
    }

    private void command(Random random, boolean withKills) {
        int machine = random.nextInt(MACHINES);
        String name = "s" + machine;
        String[] words = switch (random.nextInt(9)) {
            case 0, 1 -> new String[] {"run", "-d", "--name", name, "-m", "128M", "-p", ports[machine] + ":80",
                "--wait", "2", app.toString()};
            case 2 -> new String[] {"run", "-d", "--name", name, "-m", "128M", app.toString()};
            case 3 -> new String[] {"stop", name};
            case 4 -> new String[] {"kill", name};
            case 5 -> new String[] {"start", "--wait", "2", name};
            case 6 -> new String[] {"exec", name, "/bin/sh", "-c", "exit 0"};
            case 7 -> new String[] {"logs", name};
            default -> new String[] {"rm", "-f", name};
        };
        Mike.Result result = mike.run(words);
        synchronized (outcomes) {
            String outcome = words[0] + " " + result.code();
            outcomes.computeIfAbsent(outcome, key -> new AtomicInteger()).incrementAndGet();
            examples.putIfAbsent(outcome, result.err().strip());
        }
        boolean honest = HONEST.contains(result.code()) || withKills && result.code() == UNAVAILABLE;
        if (!honest || result.err().contains("\tat ") || result.err().contains("Exception")) {
            findings.add(String.join(" ", words) + ": exit code " + result.code() + "\n" + result.err());
        }
    }

    private void kill(Random random) throws InterruptedException {
        Thread.sleep(3_000 + random.nextInt(9_000));
        String[] whom = switch (random.nextInt(5)) {
            case 0 -> new String[] {"plane"};
            case 1 -> new String[] {"agent", "plane"};
            default -> new String[] {"agent"};
        };
        if (mike.kill(whom)) {
            kills.addAndGet(whom.length);
        }
    }

    /** What ps says runs has a QEMU and a passt and answers; nothing else has. */
    private void wordsAndFactsAgree() throws InterruptedException {
        Set<Long> qemus = Set.of();
        Set<Long> said = Set.of();
        for (int i = 0; i < 20; i++) { // the states of machines that end arrive in their own time
            said = new java.util.TreeSet<>();
            for (JsonNode machine : mike.run("ps", "-a", "--json").json()) {
                if (machine.path("pid").asLong() != 0) {
                    said.add(machine.get("pid").asLong());
                }
            }
            qemus = new java.util.TreeSet<>(Host.processes(mike, "qemu-system"));
            if (qemus.equals(said) && Host.processes(mike, "passt ").size() == said.size()) {
                break;
            }
            Thread.sleep(500);
        }
        if (!qemus.equals(said)) {
            findings.add("ps names " + said + ", QEMU runs as " + qemus + "\n" + mike.run("ps", "-a").out());
        }
        if (Host.processes(mike, "passt ").size() != said.size()) {
            findings.add(said.size() + " machines, " + Host.processes(mike, "passt ").size() + " passt");
        }
        for (JsonNode machine : mike.run("ps", "--json").json()) {
            answers(machine.get("name").asString());
        }
    }

    /** A machine that still boots does not answer yet, and one may end meanwhile; for ever silent is none. */
    private void answers(String name) throws InterruptedException {
        long deadline = System.nanoTime() + BOOT.toNanos();
        while (Host.processes(mike, "guest=" + name + ",").size() > 0) {
            Mike.Result answer = mike.run("exec", name, "/bin/sh", "-c", "echo here");
            if (answer.out().equals("here\n")) {
                return;
            }
            if (System.nanoTime() > deadline) {
                findings.add(name + " runs and does not answer: " + answer);
                return;
            }
            Thread.sleep(1_000);
        }
    }

    private void removeAll() throws IOException {
        for (JsonNode machine : mike.run("ps", "-a", "--json").json()) {
            mike.run("rm", "-f", machine.get("name").asString());
        }
        findings.addAll(Host.leftBehind(mike, "Main", ports));
    }

    private Size size() throws IOException, InterruptedException {
        removeAll();
        Thread.sleep(3_000);
        mike.run("ps").ok();
        long agent = mike.pid("agent");
        long plane = mike.pid("plane");
        assertTrue(agent != 0 && plane != 0, "agent " + agent + ", plane " + plane);
        return new Size(agent, plane, Host.openFiles(agent), Host.openFiles(plane), Host.residentMib(agent),
                Host.residentMib(plane));
    }

    private void grownLittle(Size before, Size after) {
        if (before.agent() != after.agent() || before.plane() != after.plane()) {
            findings.add("agent or plane died by itself: " + before + ", " + after);
        }
        if (after.agentFiles() > before.agentFiles() + MOST_MORE_FILES
                || after.planeFiles() > before.planeFiles() + MOST_MORE_FILES
                || after.agentMib() > before.agentMib() + MOST_MORE_MIB
                || after.planeMib() > before.planeMib() + MOST_MORE_MIB) {
            findings.add("agent or plane grew: " + before + ", " + after);
        }
    }
}
