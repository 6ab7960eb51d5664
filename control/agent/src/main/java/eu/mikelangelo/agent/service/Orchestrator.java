package eu.mikelangelo.agent.service;

import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Home;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.machines.Attachment;
import eu.mikelangelo.machines.ExecSession;
import eu.mikelangelo.machines.Machine;
import eu.mikelangelo.machines.MachineRequest;
import eu.mikelangelo.machines.MachineSpec;
import eu.mikelangelo.machines.MachineState;
import eu.mikelangelo.packages.image.GuestConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * From a request to a running machine: checks first what can be checked without making anything, then image, machine,
 * start, readiness; and takes back what was made when a step fails. Thread-safe.
 */
public final class Orchestrator implements MachineService {
    /** Machines being started at once; more wait for their turn. */
    static final int MAX_STARTS = 8;
    private static final int TAIL_LINES = 15;
    private static final int SIGKILL = 9;
    private static final int MEMORY_STEP_MIB = 64;
    private static final Duration LINGER = Duration.ofSeconds(2);
    private static final Duration FOREVER = Duration.ofDays(36_500);
    private static final Logger LOG = Logger.getLogger(Orchestrator.class.getName());
    private final ImageService images;
    private final Fleet fleet;
    private final PlaneService plane;
    private final Home home;
    private final Rest rest;
    private final Semaphore starts = new Semaphore(MAX_STARTS, true);

    /** @param rest hears of runs, which are work */
    public Orchestrator(ImageService images, Fleet fleet, PlaneService plane, Home home, Rest rest) {
        this.images = images;
        this.fleet = fleet;
        this.plane = plane;
        this.home = home;
        this.rest = rest;
    }

    public ImageService images() {
        return images;
    }

    @Override
    public Map<String, Object> run(RunRequest request, Progress progress) {
        acquire();
        rest.begin();
        try {
            checkFree(request);
            ImageService.Prepared image = images.prepare(request.source(), request.refresh(), progress);
            MachineSpec spec = create(request, image);
            startFresh(spec.name(), request, progress);
            return ready(spec.name(), request.detach(), request.patience(), progress);
        } finally {
            rest.end();
            starts.release();
        }
    }

    /** Name and ports, before anything is made; the fleet checks again when it creates. */
    private void checkFree(RunRequest request) {
        if (request.name().isPresent()) {
            checkName(request.name().get());
        } else if (request.detach() && !request.source().contains("/")) {
            checkName(Views.defaultName(request.source()));
        }
        HostPorts.check(request.ports(), fleet.list());
    }

    private void checkName(String name) {
        fleet.find(name).ifPresent(item -> {
            boolean live = item.state().phase().live();
            throw new Failure(Failure.Kind.CONFLICT, "there is a machine " + name + " already ("
                    + Views.word(item.state()) + ")", (live ? "stop and remove it (mike rm -f " + name + ")"
                    : "start it again (mike start " + name + "), remove it (mike rm " + name + ")")
                    + ", or give the new one another --name");
        });
    }

    private MachineSpec create(RunRequest request, ImageService.Prepared image) {
        // A foreground machine is passing: the fleet derives the next free name. One that stays gets the plain one.
        String name = request.name().orElse(request.detach() ? image.name() : "");
        if (!name.isEmpty()) {
            checkName(name);
        }
        // Also says that a start command is empty while a variable of it has no value.
        List<String> command = GuestConfig.command(image.start(), request.env(), request.args());
        boolean own = request.env().isEmpty() && request.args().isEmpty();
        return fleet.create(new MachineRequest(name, image.image(), image.kernel(), memory(request, image),
                request.cpus(), request.ports(), request.env(), own ? List.of() : command,
                own ? List.of() : GuestConfig.prepare(image.start(), request.env()), 0, request.net()));
    }

    /** What was asked for, else the default or, for an image that unpacks to more than a third of it, enough. */
    private static int memory(RunRequest request, ImageService.Prepared image) {
        if (request.memoryMiB() > 0) {
            return request.memoryMiB();
        }
        long wanted = 3 * (image.residentBytes() >> 20);
        long rounded = (wanted + MEMORY_STEP_MIB - 1) / MEMORY_STEP_MIB * MEMORY_STEP_MIB;
        return Math.clamp(rounded, MachineSpec.DEFAULT_MEMORY_MIB, MachineSpec.MOST_MEMORY_MIB);
    }

    private void startFresh(String name, RunRequest request, Progress progress) {
        boolean started = false;
        try {
            mark(fresh(name));
            if (request.remove()) {
                mark(passing(name));
            }
            progress.step("starting " + name);
            fleet.start(name, progress);
            started = true;
        } finally {
            if (!started) {
                discard(name);
            }
        }
        unmark(fresh(name));
        if (request.remove()) {
            removeAtEnd(name);
        }
    }

    /** Takes a machine back that never ran; the failure on its way up is what the user should see. */
    private void discard(String name) {
        try {
            fleet.remove(name, true);
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "cannot take back machine " + name, e);
        }
    }

    private Map<String, Object> ready(String name, boolean detach, Duration patience, Progress progress) {
        if (detach) {
            progress.step("waiting for " + name);
            try {
                fleet.awaitReady(name, patience);
            } catch (Failure failure) {
                throw withLog(name, failure);
            }
        }
        return inspect(name);
    }

    /** The failure with the last lines of the console, unless it has them; the machine stays to be looked at. */
    private Failure withLog(String name, Failure failure) {
        StringBuilder hint = new StringBuilder(failure.hint());
        String tail = tail(name, false);
        String from = "console";
        if (tail.isEmpty()) {
            tail = tail(name, true);
            from = "kernel's log";
        }
        if (!tail.isEmpty() && !failure.getMessage().contains("\n") && !hint.toString().contains("\n")) {
            hint.append(hint.isEmpty() ? "" : "\n").append("the end of its ").append(from).append(":\n  ")
                    .append(tail.strip().replace("\n", "\n  "));
        }
        hint.append(hint.isEmpty() ? "" : "\n").append("the machine is kept: mike logs ").append(name)
                .append(", mike inspect ").append(name).append(", mike rm -f ").append(name);
        return new Failure(failure.kind(), failure.getMessage(), hint.toString(), failure);
    }

    private String tail(String name, boolean kernel) {
        try {
            ByteArrayOutputStream tail = new ByteArrayOutputStream();
            new LogFollower(fleet.log(name, kernel)).copyPresent(tail, TAIL_LINES);
            return tail.toString(StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }

    @Override
    public Map<String, Object> start(String name, boolean detach, Duration patience, Progress progress) {
        acquire();
        try {
            Fleet.Item item = fleet.get(name);
            if (!item.state().phase().live()) {
                HostPorts.check(item.spec().ports(), fleet.list());
            }
            progress.step("starting " + name);
            fleet.start(name, progress);
            return ready(name, detach, patience, progress);
        } finally {
            starts.release();
        }
    }

    private void acquire() {
        try {
            starts.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure(Failure.Kind.UNAVAILABLE, "the agent is ending", "", e);
        }
    }

    /** An empty file in the machine's folder, for an agent that comes after this one. */
    private static void mark(Path file) {
        try {
            Durable.write(file, "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void unmark(Path file) {
        try {
            Durable.delete(file);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot delete " + file, e);
        }
    }

    /** There from a machine's making to the end of its first start: nobody has learned of it yet. */
    private Path fresh(String name) {
        return home.machines().resolve(name).resolve("fresh");
    }

    private Path passing(String name) {
        return home.machines().resolve(name).resolve("remove-at-end");
    }

    private void removeAtEnd(String name) {
        Instant created = fleet.get(name).spec().created();
        Thread.ofVirtual().name("remove " + name).start(() -> {
            try {
                fleet.awaitEnd(name, FOREVER);
                // Whoever waits for the exit code gets it first; then make sure it is still this machine.
                Thread.sleep(LINGER);
                if (fleet.find(name).filter(item -> item.spec().created().equals(created)).isPresent()) {
                    fleet.remove(name, false);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException e) {
                LOG.log(Level.FINE, "machine " + name + " was removed by somebody else", e);
            }
        });
    }

    /** Call once after adoption: takes back what a predecessor was making, and minds what it was to remove. */
    public void resume() {
        for (Fleet.Item item : fleet.list()) {
            String name = item.spec().name();
            MachineState state = item.state();
            // A mark that could not be deleted must not take a machine that ran.
            boolean unknown = state.phase() == MachineState.Phase.CREATED
                    || Files.exists(fresh(name)) && !state.ready() && state.exit() == null;
            if (unknown && !state.phase().live()) {
                LOG.info("taking back machine " + name + ", whose making was cut off");
                discard(name);
                continue;
            }
            unmark(fresh(name));
            if (Files.exists(passing(item.spec().name()))) {
                removeAtEnd(item.spec().name());
            }
        }
    }

    @Override
    public List<Map<String, Object>> list() {
        Instant now = Instant.now();
        List<Map<String, Object>> list = new ArrayList<>();
        for (Fleet.Item item : fleet.list()) {
            list.add(Views.summary(item, now));
        }
        return list;
    }

    @Override
    public Map<String, Object> inspect(String name) {
        Map<String, Object> json = Views.full(fleet.get(name), plane.counters(name), Instant.now());
        json.put("folder", home.machines().resolve(name).toString());
        return json;
    }

    @Override
    public void stop(String name, Duration grace) {
        fleet.stop(name, grace);
    }

    @Override
    public void kill(String name, int signal) {
        if (signal == SIGKILL) {
            fleet.kill(name);
        } else {
            fleet.machine(name).signal(signal);
        }
    }

    @Override
    public void remove(String name, boolean force) {
        fleet.remove(name, force);
    }

    @Override
    public Optional<MachineState> awaitEnd(String name, Duration limit) {
        return fleet.awaitEnd(name, limit);
    }

    @Override
    public boolean live(String name) {
        return fleet.find(name).map(item -> item.state().phase().live()).orElse(false);
    }

    @Override
    public Path log(String name, boolean kernel) {
        return fleet.log(name, kernel);
    }

    @Override
    public Attachment attach(String name) {
        return fleet.machine(name).attach();
    }

    @Override
    public ExecSession exec(String name, String user, String workdir, List<String> words) {
        return fleet.machine(name).exec(user, workdir, words);
    }

    @Override
    public void copyOut(String name, String path, OutputStream to) throws IOException {
        fleet.machine(name).copyOut(path, to);
    }

    @Override
    public void copyIn(String name, InputStream from, String path, int mode) throws IOException {
        fleet.machine(name).copyIn(from, path, mode);
    }
}
