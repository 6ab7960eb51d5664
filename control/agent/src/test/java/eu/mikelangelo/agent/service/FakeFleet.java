package eu.mikelangelo.agent.service;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.machines.ExitStatus;
import eu.mikelangelo.machines.Machine;
import eu.mikelangelo.machines.MachineRequest;
import eu.mikelangelo.machines.MachineSpec;
import eu.mikelangelo.machines.MachineState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** Machines that exist in memory only; what fails is set by the test. */
public final class FakeFleet implements Fleet {
    final TreeMap<String, Item> items = new TreeMap<>();
    final List<String> calls = new ArrayList<>();
    Failure failStart;
    Failure failReady;
    private final Path folder;

    FakeFleet(Path folder) {
        this.folder = folder;
    }

    public static MachineState state(MachineState.Phase phase, ExitStatus exit) {
        Instant now = Instant.parse("2026-01-01T00:00:00Z");
        return new MachineState(MachineState.SCHEMA, phase, null, null, "tcg", false, exit, "", now, now);
    }

    synchronized void put(MachineSpec spec, MachineState state) {
        items.put(spec.name(), new Item(spec, state, List.of(), List.of()));
        notifyAll();
    }

    void end(String name, int code) {
        put(items.get(name).spec(), state(MachineState.Phase.EXITED, ExitStatus.code(code)));
    }

    @Override
    public synchronized List<Item> list() {
        return new ArrayList<>(items.values());
    }

    @Override
    public synchronized Optional<Item> find(String name) {
        return Optional.ofNullable(items.get(name));
    }

    @Override
    public Item get(String name) {
        return find(name).orElseThrow(() -> new Failure(Failure.Kind.NOT_FOUND, "no machine " + name, ""));
    }

    @Override
    public synchronized MachineSpec create(MachineRequest request) {
        String base = request.name().isEmpty() ? request.image().reference() : request.name();
        String name = base;
        for (int i = 2; items.containsKey(name); i++) {
            name = base + "-" + i;
        }
        MachineSpec spec = new MachineSpec(MachineSpec.SCHEMA, name, items.size() + 10, request.image(),
                request.kernel(), request.memoryMiB(), request.cpus(), request.ports(), request.env(),
                request.command(), request.pre(), request.stopSeconds(), Instant.now(), request.net());
        try {
            Files.createDirectories(folder.resolve("machines").resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        put(spec, state(MachineState.Phase.CREATED, null));
        return spec;
    }

    @Override
    public void start(String name, Progress progress) {
        calls.add("start " + name);
        if (failStart != null) {
            throw failStart;
        }
        put(get(name).spec(), state(MachineState.Phase.RUNNING, null));
    }

    @Override
    public void awaitReady(String name, Duration limit) {
        calls.add("awaitReady " + name + " " + limit.toSeconds());
        if (failReady != null) {
            throw failReady;
        }
    }

    @Override
    public synchronized Optional<MachineState> awaitEnd(String name, Duration limit) {
        long deadline = System.currentTimeMillis() + Math.min(limit.toMillis(), 10_000);
        while (get(name).state().phase().live() && System.currentTimeMillis() < deadline) {
            try {
                wait(100);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        return Optional.of(get(name).state()).filter(state -> !state.phase().live());
    }

    @Override
    public void stop(String name, Duration grace) {
        calls.add("stop " + name + " " + grace);
        end(name, 0);
    }

    @Override
    public void kill(String name) {
        calls.add("kill " + name);
        put(get(name).spec(), state(MachineState.Phase.EXITED, ExitStatus.signal(9)));
    }

    @Override
    public synchronized void remove(String name, boolean force) {
        calls.add("remove " + name + (force ? " by force" : ""));
        if (items.remove(name) == null) {
            throw new Failure(Failure.Kind.NOT_FOUND, "no machine " + name, "");
        }
    }

    @Override
    public Path log(String name, boolean kernel) {
        get(name);
        return folder.resolve(name + (kernel ? ".kernel.log" : ".console.log"));
    }

    @Override
    public Machine machine(String name) {
        throw new UnsupportedOperationException("no live machines here");
    }
}
