package eu.mikelangelo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import eu.mikelangelo.agent.api.Frames;
import eu.mikelangelo.agent.api.Json;
import eu.mikelangelo.agent.api.Launch;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Home;
import eu.mikelangelo.cli.machine.Console;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** Every command against canned answers: what it asks, what it prints, how it ends. */
@Timeout(30)
class CommandsTest {
    private static final String MACHINE = """
            {"name":"web","image":"nginx","state":"running","ready":true,"pid":4711,"ports":[{"protocol":"tcp",
            "address":"127.0.0.1","host":8080,"guest":80},{"protocol":"udp","address":"0.0.0.0","host":53,"guest":53}],
            "memory":268435456,"cpus":2,"uptimeSeconds":4000,"env":["A"],"io":{"rxFrames":12,"txFrames":7},
            "qemu":["qemu-system-x86_64","-m","256"]}""";
    private static final String ENDED = """
            {"name":"hello","image":"hello","state":"exited","ready":true,"ports":[],"memory":134217728,"cpus":1,
            "exit":{"code":3}}""";
    @TempDir
    Path folder;
    private FakeAgent agent;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private InputStream in = InputStream.nullInputStream();

    @BeforeEach
    void open() throws Exception {
        agent = new FakeAgent(folder.resolve("agent.sock"));
        answer("GET /v1/machines", "{\"machines\":[" + ENDED + "," + MACHINE + "]}");
        answer("GET /v1/machines/web", MACHINE);
    }

    @AfterEach
    void close() throws Exception {
        agent.close();
    }

    private void answer(String what, String json) {
        agent.answers.put(what, FakeAgent.Answer.of(json));
    }

    private Context context() {
        return new Context(new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8), in, Map.of("HOME", "/home/me", "TOKEN", "t"),
                folder, new Launch(folder, new Home(folder, folder.resolve("run"))), agent,
                new Context.Tty(true, false, false));
    }

    private int mike(String... args) {
        out.reset();
        err.reset();
        agent.asked.clear();
        return Main.run(context(), args);
    }

    /** Exit code, standard output and standard error in one text. */
    private String all(String... args) {
        int code = mike(args);
        return "exit code " + code + "\n--- out\n" + out.toString(StandardCharsets.UTF_8) + "--- err\n"
                + err.toString(StandardCharsets.UTF_8);
    }

    static Stream<String> commands() throws Exception {
        List<String> names = new ArrayList<>();
        Context none = new Context(System.out, System.err, System.in, Map.of(), Path.of("/"), null, null,
                new Context.Tty(false, false, false));
        names(Main.commandLine(none, ""), "", names);
        return names.stream();
    }

    private static void names(CommandLine line, String prefix, List<String> names) {
        names.add(prefix.strip());
        line.getSubcommands().forEach((name, command) -> names(command, prefix + " " + name, names));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void helpIsAsWritten(String command) throws Exception {
        List<String> words = new ArrayList<>(command.isEmpty() ? List.of() : List.of(command.split(" ")));
        words.add("--help");
        assertEquals(0, mike(words.toArray(String[]::new)));
        String help = out.toString(StandardCharsets.UTF_8);
        assertTrue(help.contains("\nExamples:\n  mike "), command + " has runnable examples");
        assertTrue(help.contains("Options:\n"), command + " has options");
        assertTrue(help.lines().allMatch(line -> line.length() <= 80), "it fits a window");
        Golden.check("help/" + (command.isEmpty() ? "mike" : command.replace(' ', '-')), help);
    }

    @Test
    void psShowsWhatRuns() throws Exception {
        Golden.check("ps", all("ps"));
        Golden.check("ps-all", all("ps", "-a"));
        Golden.check("ps-json", all("ps", "--json"));
        assertEquals(0, mike("ps", "-aq"));
        assertEquals("hello\nweb\n", out.toString());
        answer("GET /v1/machines", "{\"machines\":[]}");
        Golden.check("ps-none", all("ps"));
    }

    @Test
    void inspectShowsEverything() throws Exception {
        Golden.check("inspect", all("inspect", "web"));
        assertEquals(0, mike("inspect", "web", "--json"));
        assertEquals(4711, Json.object(out.toString()).integer("pid", 0));
        Golden.check("inspect-unknown", all("inspect", "nobody"));
        Golden.check("inspect-unknown-json", all("inspect", "nobody", "--json"));
    }

    @Test
    void aDetachedRunAsksForWhatWasTyped() throws Exception {
        answer("POST /v1/machines", "{\"step\":\"x\",\"done\":0,\"total\":0}\n{\"result\":" + MACHINE.replace("\n", "")
                + "}\n");
        Files.writeString(folder.resolve("env"), "# a comment\nFROM_FILE=1\n\nTOKEN\n");
        assertEquals(0, mike("run", "-d", "--name", "web", "nginx", "-p", "8080:80", "-p", "53/udp", "-m", "1G", "-c",
                "2", "--env", "A=b=c", "-e", "HOME", "-e", "ABSENT", "--env-file", "env", "--wait", "9", "--rm",
                "--net", "vlan=3", "--", "-x", "--name"));
        assertEquals("web\n", out.toString());
        assertEquals("", err.toString(), "nothing is said of what takes less than a second");
        assertEquals("POST /v1/machines {\"source\":\"nginx\",\"name\":\"web\",\"ports\":[\"8080:80\",\"53/udp\"],"
                + "\"memoryMiB\":1024,\"cpus\":2,\"env\":{\"FROM_FILE\":\"1\",\"TOKEN\":\"t\",\"A\":\"b=c\","
                + "\"HOME\":\"/home/me\"},\"args\":[\"-x\",\"--name\"],\"detach\":true,\"waitSeconds\":9,"
                + "\"refresh\":false,\"remove\":true,\"net\":\"vlan=3\"}", agent.asked.getFirst());
    }

    @Test
    void pathsAreMadeAbsoluteAndNamesAreLeftAlone() throws Exception {
        Context context = context();
        assertEquals("memcached", context.source("memcached"));
        assertEquals(folder.resolve("examples/hello").toString(), context.source("./examples/hello/"));
        assertEquals(folder.toString(), context.source("."));
        Files.writeString(folder.resolve("hello.img"), "070701rest");
        Files.writeString(folder.resolve("redis"), "no image");
        Files.createDirectories(folder.resolve("nginx"));
        assertEquals(folder.resolve("hello.img").toString(), context.source("hello.img"));
        assertEquals("redis", context.source("redis"));
        assertEquals("nginx", context.source("nginx"), "a folder is meant by ./nginx");
    }

    @Test
    void aForegroundRunIsTheApplication() throws Exception {
        answer("POST /v1/machines", "{\"result\":{\"name\":\"hello-2\"}}\n");
        answer("GET /v1/machines/hello-2/console", "hello, world\n");
        answer("GET /v1/machines/hello-2/wait", "{\"phase\":\"exited\",\"exitCode\":42,\"reason\":\"\"}");
        answer("DELETE /v1/machines/hello-2", "{}");
        assertEquals(42, mike("run", "./hello"));
        assertEquals("hello, world\n", out.toString());
        assertEquals("", err.toString());
        assertTrue(agent.asked.getFirst().contains("\"remove\":true"), "a passing machine goes");
        assertTrue(agent.asked.contains("DELETE /v1/machines/hello-2"));
        assertEquals(42, mike("run", "--keep", "./hello"));
        assertFalse(agent.asked.contains("DELETE /v1/machines/hello-2"));
        assertEquals(42, mike("run", "--name", "mine", "./hello"));
        assertFalse(agent.asked.contains("DELETE /v1/machines/hello-2"), "a named one stays");
    }

    @Test
    void ctrlCStopsAForegroundRunAndExitsWith130() throws Exception {
        // Where a shell without job control began us in its background, SIGINT is ignored, and a JVM leaves it so.
        String ignored = Files.readString(Path.of("/proc/self/status")).replaceFirst("(?s).*SigIgn:\\s*(\\w+).*", "$1");
        assumeTrue((Long.parseUnsignedLong(ignored, 16) & 1L << 1) == 0, "skipped: SIGINT is ignored in this process");
        answer("POST /v1/machines", "{\"result\":{\"name\":\"hello\"}}\n");
        answer("POST /v1/machines/hello/stop", "{\"phase\":\"exited\",\"exitCode\":0}");
        answer("GET /v1/machines/hello/wait", "{\"phase\":\"exited\",\"exitCode\":0,\"reason\":\"\"}");
        answer("DELETE /v1/machines/hello", "{}");
        answer("GET /v1/machines/hello/console", "serving\n");
        agent.before.put("GET /v1/machines/hello/console", () -> {
            // To this process itself, as a terminal does it; the agent's answer waits until it was heard.
            new ProcessBuilder("kill", "-INT", Long.toString(ProcessHandle.current().pid())).start().waitFor();
            for (int i = 0; i < 500 && agent.asked.stream().noneMatch(asked -> asked.contains("/stop")); i++) {
                Thread.sleep(10);
            }
            return null;
        });
        assertEquals(130, mike("run", "./hello"));
        assertTrue(err.toString().contains("mike: stopping hello (once more to kill it)\n"), err.toString());
        assertTrue(agent.asked.contains("DELETE /v1/machines/hello"), "nothing stays");
    }

    @Test
    void aMachineThatFailsIsKeptAndExplained() throws Exception {
        answer("POST /v1/machines", "{\"result\":{\"name\":\"hello\"}}\n");
        answer("GET /v1/machines/hello/console", "");
        answer("GET /v1/machines/hello/wait", "{\"phase\":\"failed\",\"reason\":\"kernel panic: no init\"}");
        Golden.check("run-failed", all("run", "./hello"));
        assertFalse(agent.asked.contains("DELETE /v1/machines/hello"));
    }

    @Test
    void failuresSpeakAndHaveCodes() throws Exception {
        answer("POST /v1/machines", """
                {"error":{"kind":"CONFLICT","message":"host port 8080/tcp is in use by machine web","hint":"stop it"}}
                """);
        Golden.check("run-conflict", all("run", "-d", "nginx", "-p", "8080:80"));
        agent.answers.put("GET /v1/machines/web", new FakeAgent.Answer(500, "oops".getBytes(StandardCharsets.UTF_8)));
        assertEquals(69, mike("inspect", "web"));
    }

    @ParameterizedTest
    @MethodSource
    void wrongUsageIs64(List<String> words) {
        assertEquals(64, mike(words.toArray(String[]::new)), words.toString());
        assertTrue(err.toString().contains("mike"), err.toString());
        assertEquals("", out.toString());
        assertEquals(List.of(), agent.asked);
    }

    static Stream<List<String>> wrongUsageIs64() {
        return Stream.of(List.of(), List.of("runn"), List.of("run"), List.of("run", "a", "b"),
                List.of("run", "-d", "-i", "a"), List.of("run", "-it", "a"), List.of("run", "--rm", "--keep", "a"),
                List.of("run", "-c", "many", "a"), List.of("ps", "extra"), List.of("stop"), List.of("exec", "web"),
                List.of("cp", "a", "b"), List.of("cp", "a:/b", "c:/d"), List.of("image"),
                List.of("completion", "fish"));
    }

    @Test
    void wrongUsageIsExplained() throws Exception {
        StringBuilder text = new StringBuilder();
        for (String words : List.of("runn", "nonsense --help", "image lss", "ps --jsno", "ps --all=x --alll",
                "ps extra", "stop", "run -c many a", "run --name", "run -p --rm a", "run a b", "cp a b", "exec web",
                "exec -it web sh", "completion fish", "help nonsense", "psx --json")) {
            text.append("$ mike ").append(words).append('\n').append(all(words.split(" "))).append('\n');
        }
        Golden.check("usage", text.toString());
    }

    @Test
    void everyCommandStandsInTheHelp() {
        assertEquals(0, mike("--help"));
        String help = out.toString(StandardCharsets.UTF_8);
        for (String name : Commands.names()) {
            assertTrue(help.contains("\n  " + name + " "), name + " is in none of the groups");
        }
    }

    @Test
    void jsonIsOnlyAskedForByTheCommandsOwnOption() {
        for (String[] words : new String[][] {{"exec", "nobody", "ls", "--json"},
            {"exec", "nobody", "--", "ls", "--json"}, {"exec", "-t", "nobody", "ls", "--json"}}) {
            assertTrue(mike(words) != 0);
            assertTrue(err.toString(StandardCharsets.UTF_8).startsWith("mike: "), err.toString(StandardCharsets.UTF_8));
        }
        assertTrue(mike("inspect", "nobody", "--json") != 0);
        assertTrue(err.toString(StandardCharsets.UTF_8).startsWith("{"));
    }

    @Test
    void helpAndVersionAreAlsoFoundByTheirOtherNames() {
        assertEquals(0, mike("run", "--help"));
        String help = out.toString();
        assertEquals(0, mike("help", "run"));
        assertEquals(help, out.toString());
        assertEquals(0, mike("--version"));
        assertTrue(out.toString().startsWith("mike 0.1.0"));
    }

    @ParameterizedTest
    @MethodSource
    void badValuesAre65(List<String> words) {
        assertEquals(65, mike(words.toArray(String[]::new)), words.toString());
        assertEquals(List.of(), agent.asked);
    }

    static Stream<List<String>> badValuesAre65() {
        return Stream.of(List.of("run", "-m", "lots", "a"), List.of("run", "-e", "1=2", "a"),
                List.of("kill", "-s", "NONSENSE", "web"));
    }

    @Test
    void manyMachinesAtOnceGoOnAfterAFailure() throws Exception {
        answer("POST /v1/machines/web/stop", "{\"phase\":\"exited\",\"exitCode\":0}");
        Golden.check("stop-two", all("stop", "nobody", "web"));
        assertEquals(0, mike("stop", "-t", "5", "web", "--json"));
        assertEquals("POST /v1/machines/web/stop {\"graceSeconds\":5}", agent.asked.getFirst());
        assertEquals("[web]", Json.object(out.toString()).strings("done").toString());
        answer("DELETE /v1/machines/web?force=true", "{}");
        assertEquals(0, mike("rm", "-f", "web"));
        answer("POST /v1/machines/web/kill", "{}");
        assertEquals(0, mike("kill", "-s", "SIGHUP", "web"));
        assertEquals("POST /v1/machines/web/kill {\"signal\":1}", agent.asked.getFirst());
        answer("POST /v1/machines/web/start", "{\"result\":{\"name\":\"web\"}}\n");
        assertEquals(0, mike("start", "web"));
    }

    @Test
    void logsAndWaitPassThrough() {
        answer("GET /v1/machines/web/logs?follow=false&kernel=false&tail=2", "a\nb\n");
        assertEquals(0, mike("logs", "--tail", "2", "web"));
        assertEquals("a\nb\n", out.toString());
        answer("GET /v1/machines/web/wait", "{\"phase\":\"exited\",\"exitCode\":143,\"reason\":\"\"}");
        assertEquals(143, mike("wait", "web"));
        assertEquals("143\n", out.toString());
    }

    @Test
    void execIsTheCommand() throws Exception {
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        Frames.Writer writer = new Frames.Writer(frames);
        writer.write(Frames.ID, "7");
        writer.write(Frames.STDOUT, "out");
        writer.write(Frames.STDERR, "err");
        writer.write(Frames.EXIT, "5");
        agent.answers.put("POST /v1/machines/web/exec", new FakeAgent.Answer(200, frames.toByteArray()));
        answer("POST /v1/machines/web/exec/7/input", "{}");
        assertEquals(5, mike("exec", "-u", "0", "web", "ls", "-l", "--help"));
        assertEquals("out", out.toString());
        assertEquals("err", err.toString());
        assertEquals("POST /v1/machines/web/exec {\"args\":[\"ls\",\"-l\",\"--help\"],\"user\":\"0\",\"workdir\":\"\"}",
                agent.asked.getFirst(), "the first question");
        assertEquals(5, mike("exec", "web", "--", "ls"));
        // The end of the first command's input may arrive only now.
        assertTrue(agent.asked.stream().anyMatch(asked -> asked.contains("{\"args\":[\"ls\"]")),
                agent.asked.toString());
    }

    @Test
    void filesAreCopiedBothWays() throws Exception {
        answer("GET /v1/machines/web/files?path=%2Fetc%2Fhosts", "127.0.0.1 localhost\n");
        assertEquals(0, mike("cp", "web:/etc/hosts", "-"));
        assertEquals("127.0.0.1 localhost\n", out.toString());
        assertEquals(0, mike("cp", "web:/etc/hosts", "."));
        assertEquals("127.0.0.1 localhost\n", Files.readString(folder.resolve("hosts")));
        answer("PUT /v1/machines/web/files?path=%2Ftmp%2Fhosts&mode=600", "{}");
        Files.setPosixFilePermissions(folder.resolve("hosts"),
                java.nio.file.attribute.PosixFilePermissions.fromString("rw-------"));
        assertEquals(0, mike("cp", "hosts", "web:/tmp/"));
        assertTrue(agent.asked.getFirst().contains("127.0.0.1 localhost\n"), agent.asked.getFirst());
        assertEquals(66, mike("cp", "absent", "web:/tmp/"));
        assertEquals(66, mike("cp", "web:/absent", "copy"));
        assertFalse(Files.exists(folder.resolve("copy")));
    }

    @Test
    void imagesAreListedComposedAndRemoved() throws Exception {
        String image = "{\"name\":\"nginx\",\"version\":\"1.22\",\"sha256\":\"" + "ab".repeat(32)
                + "\",\"size\":3456789,\"kernel\":\"6.1.0-1-cloud-amd64\"}";
        answer("GET /v1/images", "{\"images\":[" + image + "]}");
        Golden.check("images", all("images"));
        assertEquals(0, mike("image", "ls"));
        assertEquals(0, mike("images", "-q"));
        assertEquals("nginx\n", out.toString());
        answer("POST /v1/images", "{\"result\":" + image + "}\n");
        Golden.check("compose", all("compose", "nginx", "-o", "nginx.img"));
        assertTrue(agent.asked.getFirst().contains("\"output\":\"" + folder.resolve("nginx.img") + "\""));
        answer("GET /v1/images?reference=nginx", image);
        assertEquals(0, mike("image", "inspect", "nginx"));
        answer("DELETE /v1/images?reference=nginx", "{}");
        assertEquals(0, mike("image", "rm", "nginx"));
    }

    @Test
    void theAgentsStateIsToldAndItsAbsenceToo() throws Exception {
        answer("GET /v1", "{\"api\":1,\"version\":\"0.1.0\",\"build\":\"b1\",\"pid\":42,\"plane\":{\"state\":\"up\","
                + "\"pid\":43}}");
        answer("GET /v1/plane", "{\"state\":\"up\"}");
        Golden.check("agent-status", all("agent", "status"));
        assertEquals(0, mike("agent", "start"));
        agent.breaksOff = true;
        Golden.check("agent-status-down", all("agent", "status"));
        agent.close();
        Golden.check("agent-status-down", all("agent", "status"));
        assertEquals(69, mike("agent", "status", "--json"));
    }

    @Test
    void completionIsAScriptThatBashAccepts() throws Exception {
        assertEquals(0, mike("completion", "bash"));
        Path script = Files.writeString(folder.resolve("completion"), out.toString());
        Process bash = new ProcessBuilder("bash", "-n", script.toString()).redirectErrorStream(true).start();
        assertEquals("", new String(bash.getInputStream().readAllBytes()));
        assertEquals(0, bash.waitFor());
        assertTrue(out.toString().contains("compose"));
    }

    @Test
    void completionKnowsMachinesAndCommands() throws Exception {
        assertEquals(0, mike("completion", "bash"));
        Path script = Files.writeString(folder.resolve("completion"), out.toString());
        String ask = "mike() { [ \"$*\" = 'ps -q' ] && echo web db; "
                + "[ \"$*\" = 'images -q' ] && echo nginx; }; . " + script
                + "; try() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _mike_with_names; "
                + "echo \"${COMPREPLY[@]}\"; }; try mike logs w; try mike ver; try mike run ng; try mike stop ''";
        Process bash = new ProcessBuilder("bash", "-c", ask).redirectErrorStream(true).start();
        assertEquals("web\nversion\nnginx\nweb db\n", new String(bash.getInputStream().readAllBytes()));
    }

    @Test
    void doctorNamesWhatIsMissing() {
        assertEquals(69, mike("doctor"));
        assertTrue(out.toString().lines().anyMatch(line -> line.startsWith("passt") && line.contains("missing")
                && line.contains("apt-get install passt")), out.toString());
    }

    @Test
    void versionNeedsNoAgent() throws Exception {
        agent.close();
        assertEquals(0, mike("version"));
        assertTrue(out.toString().startsWith("mike 0.1.0, build "), out.toString());
    }

    /** An agent that is killed takes input with it; its successor shows the output of a machine that waits for it. */
    @Test
    void inputThatIsLostEndsTheConsoleWithAWordOfIt() throws Exception {
        in = new ByteArrayInputStream("1 + 1\n".getBytes(StandardCharsets.UTF_8));
        agent.before.put("POST /v1/machines/calc/console/input", () -> {
            throw new IOException("killed");
        });
        answer("GET /v1/machines/calc/console", "a calculator\n");
        CountDownLatch never = new CountDownLatch(1);
        agent.amid.put("GET /v1/machines/calc/console", () -> {
            never.await();
            return null;
        });
        Console console = new Console(context(), "calc");
        console.input(false, () -> { });
        Failure lost = assertThrows(Failure.class, () -> console.output(-1));
        assertTrue(lost.getMessage().startsWith("standard input does not reach machine calc any more: "),
                lost.getMessage());
        never.countDown();
    }

    @Test
    void inputOfAForegroundRunReachesTheConsole() throws Exception {
        in = new ByteArrayInputStream("2+2\n".getBytes(StandardCharsets.UTF_8));
        answer("POST /v1/machines/calc/console/input", "{}");
        Console console = new Console(context(), "calc");
        console.input(false, () -> { });
        for (int i = 0; i < 200 && agent.asked.isEmpty(); i++) {
            Thread.sleep(20);
        }
        assertTrue(agent.asked.getFirst().contains("2+2\n"), agent.asked.getFirst());
        assertTrue(agent.asked.getFirst().contains("\u0004"), "the end of input");
    }
}
