package eu.mikelangelo.agent.service;

import eu.mikelangelo.base.Progress;
import eu.mikelangelo.machines.Machine;
import eu.mikelangelo.machines.MachineRequest;
import eu.mikelangelo.machines.MachineSpec;
import eu.mikelangelo.machines.MachineState;
import eu.mikelangelo.machines.Machines;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The real fleet. */
public final class LiveFleet implements Fleet {
    private final Machines machines;

    public LiveFleet(Machines machines) {
        this.machines = machines;
    }

    private static Item item(Machine machine) {
        return new Item(machine.spec(), machine.state(), machine.commandLine(), machine.listening());
    }

    @Override
    public List<Item> list() {
        List<Item> items = new ArrayList<>();
        for (Machine machine : machines.list()) {
            items.add(item(machine));
        }
        return items;
    }

    @Override
    public Optional<Item> find(String name) {
        for (Machine machine : machines.list()) {
            if (machine.spec().name().equals(name)) {
                return Optional.of(item(machine));
            }
        }
        return Optional.empty();
    }

    @Override
    public Item get(String name) {
        return item(machines.get(name));
    }

    @Override
    public MachineSpec create(MachineRequest request) {
        return machines.create(request).spec();
    }

    @Override
    public void start(String name, Progress progress) {
        machines.get(name).start(progress);
    }

    @Override
    public void awaitReady(String name, Duration limit) {
        machines.get(name).awaitReady(limit);
    }

    @Override
    public Optional<MachineState> awaitEnd(String name, Duration limit) {
        return machines.get(name).awaitEnd(limit);
    }

    @Override
    public void stop(String name, Duration grace) {
        machines.get(name).stop(grace);
    }

    @Override
    public void kill(String name) {
        machines.kill(name);
    }

    @Override
    public void remove(String name, boolean force) {
        machines.remove(name, force);
    }

    @Override
    public Path log(String name, boolean kernel) {
        Machine machine = machines.get(name);
        return kernel ? machine.kernelLog() : machine.consoleLog();
    }

    @Override
    public Machine machine(String name) {
        return machines.get(name);
    }
}
