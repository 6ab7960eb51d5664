package eu.mikelangelo.agent.http;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.service.LogFollower;
import eu.mikelangelo.agent.service.MachineService;
import eu.mikelangelo.agent.service.RunRequest;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.Attachment;
import eu.mikelangelo.machines.Machine;
import eu.mikelangelo.machines.MachineState;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** {@code /v1/machines…}; see docs/api.md. */
public final class MachineRoutes implements ApiHandler.Route {
    private static final Duration WAIT_STEP = Duration.ofSeconds(1);
    private static final int MAX_STOP_SECONDS = 3600;
    private static final int MAX_TAIL_LINES = 1_000_000;
    private static final int MAX_WINDOW = 10_000;
    private final MachineService machines;
    private final ExecRoutes execs;

    public MachineRoutes(MachineService machines) {
        this.machines = machines;
        this.execs = new ExecRoutes(machines);
    }

    @Override
    public void answer(Exchange exchange, String[] path) throws IOException {
        switch (path.length) {
            case 1 -> collection(exchange);
            case 2 -> machine(exchange, path[1]);
            default -> action(exchange, path[1], path);
        }
    }

    private void collection(Exchange exchange) throws IOException {
        switch (exchange.method()) {
            case "GET" -> exchange.answer(Map.of("machines", machines.list()));
            case "POST" -> {
                RunRequest request = RunRequest.of(exchange.body());
                run(exchange, request);
            }
            default -> throw noSuch(exchange, "machines");
        }
    }

    private void run(Exchange exchange, RunRequest request) throws IOException {
        String[] made = {null};
        try {
            exchange.events(progress -> {
                Map<String, Object> machine = machines.run(request, progress);
                made[0] = (String) machine.get("name");
                return machine;
            });
        } catch (Exchange.ClientGone e) {
            // Nobody has learned of a foreground machine whose client hung up before it got the name.
            if (made[0] != null && !request.detach()) {
                machines.remove(made[0], true);
            }
            throw e;
        }
    }

    private void machine(Exchange exchange, String name) throws IOException {
        switch (exchange.method()) {
            case "GET" -> exchange.answer(machines.inspect(name));
            case "DELETE" -> {
                machines.remove(name, exchange.flag("force"));
                exchange.answer(Map.of("removed", name));
            }
            default -> throw noSuch(exchange, "machines/" + name);
        }
    }

    private void action(Exchange exchange, String name, String[] path) throws IOException {
        String what = exchange.method() + " " + path[2];
        switch (what) {
            case "POST start" -> start(exchange, name);
            case "POST stop" -> stop(exchange, name);
            case "POST kill" -> kill(exchange, name);
            case "GET wait" -> await(exchange, name);
            case "GET logs" -> logs(exchange, name);
            case "GET console" -> console(exchange, name);
            case "POST console" -> consoleInput(exchange, name, path.length > 3 ? path[3] : "");
            case "GET files" -> download(exchange, name);
            case "PUT files" -> upload(exchange, name);
            case "POST exec" -> execs.answer(exchange, name, path);
            default -> throw noSuch(exchange, "machines/" + name + "/" + path[2]);
        }
    }

    private void start(Exchange exchange, String name) throws IOException {
        Fields body = exchange.body().only(Set.of("detach", "waitSeconds"));
        Duration patience = RunRequest.patience(body);
        exchange.events(progress -> machines.start(name, body.flag("detach"), patience, progress));
    }

    private void stop(Exchange exchange, String name) throws IOException {
        Fields body = exchange.body().only(Set.of("graceSeconds"));
        Duration grace = body.has("graceSeconds")
                ? Duration.ofSeconds(body.integer("graceSeconds", 0, 0, MAX_STOP_SECONDS)) : null;
        machines.stop(name, grace);
        exchange.answer(ended(machines.awaitEnd(name, Duration.ZERO)));
    }

    private void kill(Exchange exchange, String name) throws IOException {
        Fields body = exchange.body().only(Set.of("signal"));
        machines.kill(name, (int) body.integer("signal", 9, 1, 64));
        exchange.answer(Map.of("machine", name));
    }

    private void await(Exchange exchange, String name) throws IOException {
        Optional<MachineState> end = machines.awaitEnd(name, WAIT_STEP);
        while (end.isEmpty() && !exchange.clientGone()) {
            end = machines.awaitEnd(name, WAIT_STEP);
        }
        exchange.answer(ended(end));
    }

    /** {"phase", "exitCode" (128 + signal; absent when unknown), "reason"}; empty when it has not ended. */
    private static Map<String, Object> ended(Optional<MachineState> end) {
        Map<String, Object> json = new LinkedHashMap<>();
        end.ifPresent(state -> {
            json.put("phase", state.phase().name().toLowerCase(java.util.Locale.ROOT));
            if (state.exit() != null) {
                json.put("exitCode", state.exit().shellCode());
            }
            json.put("reason", state.reason());
        });
        return json;
    }

    private void logs(Exchange exchange, String name) throws IOException {
        LogFollower log = new LogFollower(machines.log(name, exchange.flag("kernel")));
        int tail = exchange.number("tail", -1, MAX_TAIL_LINES);
        boolean follow = exchange.flag("follow");
        OutputStream out = exchange.stream("application/octet-stream");
        log.copyPresent(out, tail);
        if (follow) {
            log.follow(out, () -> !machines.live(name), exchange::clientGone);
        }
        out.close();
    }

    /** The console's output: the log with what comes, up to the machine's end. */
    private void console(Exchange exchange, String name) throws IOException {
        LogFollower log = new LogFollower(machines.log(name, false));
        int tail = exchange.number("tail", -1, MAX_TAIL_LINES);
        OutputStream out = exchange.stream("application/octet-stream");
        log.copyPresent(out, tail);
        exchange.promise();
        log.follow(out, () -> !machines.live(name), exchange::clientGone);
        out.close();
    }

    private void consoleInput(Exchange exchange, String name, String what) throws IOException {
        switch (what) {
            case "input" -> {
                try (Attachment console = machines.attach(name)) {
                    byte[] block = new byte[4096];
                    InputStream in = exchange.input();
                    for (int n = in.read(block); n >= 0; n = in.read(block)) {
                        console.write(block, 0, n);
                    }
                }
            }
            case "resize" -> {
                Fields body = exchange.body().only(Set.of("rows", "columns"));
                try (Attachment console = machines.attach(name)) {
                    console.resize((int) body.integer("rows", 24, 1, MAX_WINDOW),
                            (int) body.integer("columns", 80, 1, MAX_WINDOW));
                }
            }
            default -> throw noSuch(exchange, "machines/" + name + "/console/" + what);
        }
        exchange.answer(Map.of("machine", name));
    }

    private void download(Exchange exchange, String name) throws IOException {
        String path = guestPath(exchange);
        // Not closed when it fails: before the first byte the failure gets a status of its own, later the connection
        // breaks off; a proper end would pass a part for the whole.
        OutputStream out = exchange.stream("application/octet-stream");
        machines.copyOut(name, path, out);
        out.close();
    }

    private void upload(Exchange exchange, String name) throws IOException {
        String path = guestPath(exchange);
        String mode = exchange.query("mode").isEmpty() ? "644" : exchange.query("mode");
        if (!mode.matches("[0-7]{3,4}")) {
            throw new Failure(Failure.Kind.BAD_INPUT, "mode " + mode + " is not three or four octal digits", "");
        }
        machines.copyIn(name, exchange.input(), path, Integer.parseInt(mode, 8));
        exchange.answer(Map.of("path", path));
    }

    private static String guestPath(Exchange exchange) {
        String path = exchange.query("path");
        if (!path.startsWith("/") || path.length() > 4096 || path.indexOf('\0') >= 0) {
            throw new Failure(Failure.Kind.BAD_INPUT, "\"" + path + "\" is not an absolute path in the machine", "");
        }
        return path;
    }

    private static Failure noSuch(Exchange exchange, String what) {
        return ApiHandler.notFound(exchange.method() + " /v1/" + what);
    }
}
