package eu.mikelangelo.agent.http;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.Frames;
import eu.mikelangelo.agent.api.Json;
import eu.mikelangelo.agent.service.MachineService;
import eu.mikelangelo.agent.service.RunRequest;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.ExecSession;
import eu.mikelangelo.machines.Machine;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * {@code POST exec} answers with {@link Frames} until the command ends; its input and signals come by requests of
 * their own, {@code exec/<id>/input} and {@code exec/<id>/signal}.
 */
final class ExecRoutes {
    private static final Logger LOG = Logger.getLogger(ExecRoutes.class.getName());
    private static final int MAX_LIVE = 64;
    private static final int GONE_CHECK_MILLIS = 500;
    private final MachineService machines;
    private final Map<String, Live> live = new ConcurrentHashMap<>();
    private final AtomicInteger serial = new AtomicInteger();

    private record Live(String machine, ExecSession session) { }

    ExecRoutes(MachineService machines) {
        this.machines = machines;
    }

    void answer(Exchange exchange, String name, String[] path) throws IOException {
        if (path.length == 3) {
            begin(exchange, name);
            return;
        }
        Live exec = path.length == 5 ? live.get(path[3]) : null;
        if (exec == null || !exec.machine().equals(name)) {
            throw new Failure(Failure.Kind.NOT_FOUND, "no such exec in " + name + "; it may have ended", "");
        }
        switch (path[4]) {
            case "input" -> input(exchange, exec.session());
            case "signal" -> exec.session().signal((int) exchange.body().integer("signal", 15, 1, 64));
            default -> throw ApiHandler.notFound("exec/" + path[4]);
        }
        exchange.answer(Map.of("exec", path[3]));
    }

    private void begin(Exchange exchange, String name) throws IOException {
        Fields body = exchange.body().only(Set.of("args", "user", "workdir"));
        List<String> words = RunRequest.words(body.strings("args"));
        if (words.isEmpty()) {
            throw new Failure(Failure.Kind.BAD_INPUT, "nothing to run", "mike exec NAME COMMAND [WORD…]");
        }
        if (live.size() >= MAX_LIVE) {
            throw new Failure(Failure.Kind.UNAVAILABLE, MAX_LIVE + " commands run in machines already", "");
        }
        String id = Integer.toString(serial.incrementAndGet());
        try (ExecSession session = machines.exec(name, body.string("user", ""), body.string("workdir", ""),
                words)) {
            live.put(id, new Live(name, session));
            serve(exchange, id, session);
        } finally {
            live.remove(id);
        }
    }

    private static void serve(Exchange exchange, String id, ExecSession session) throws IOException {
        OutputStream out = exchange.stream("application/x-mike-frames");
        Frames.Writer frames = new Frames.Writer(out);
        frames.write(Frames.ID, id);
        Thread stdout = pump(session.stdout(), frames, Frames.STDOUT);
        Thread stderr = pump(session.stderr(), frames, Frames.STDERR);
        // Closing the session makes the wait below return: the command's client is gone, so is its purpose.
        Thread watch = Thread.startVirtualThread(() -> closeWhenGone(exchange, session));
        try {
            int code = session.awaitExit();
            stdout.join();
            stderr.join();
            frames.write(Frames.EXIT, Integer.toString(code));
        } catch (Failure failure) {
            frames.write(Frames.ERROR, Json.write(ApiHandler.error(failure)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            watch.interrupt();
        }
        out.close();
    }

    private static void closeWhenGone(Exchange exchange, ExecSession session) {
        try {
            while (!exchange.clientGone()) {
                Thread.sleep(GONE_CHECK_MILLIS);
            }
            session.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Thread pump(InputStream from, Frames.Writer to, int type) {
        return Thread.startVirtualThread(() -> {
            byte[] block = new byte[32 << 10];
            try {
                for (int n = from.read(block); n >= 0; n = from.read(block)) {
                    to.write(type, block, n);
                }
            } catch (IOException e) {
                LOG.log(Level.FINE, "the client of an exec is gone", e);
            }
        });
    }

    private static void input(Exchange exchange, ExecSession session) throws IOException {
        byte[] block = new byte[32 << 10];
        InputStream in = exchange.input();
        try (OutputStream stdin = session.stdin()) {
            for (int n = in.read(block); n >= 0; n = in.read(block)) {
                stdin.write(block, 0, n);
                stdin.flush();
            }
        }
    }
}
