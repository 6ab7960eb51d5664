package eu.mikelangelo.packages.manifest;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.Start;
import eu.mikelangelo.packages.manifest.RunManifest.ConfigSet;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes the start of a machine from configuration sets: follows {@code base} to the set that has a command; of each
 * environment variable the outermost value wins. With several default sets the last is the application, and those
 * before it must end with success first.
 */
public final class BootCommand {
    private final Requirements.Plan plan;

    private record Resolved(List<String> command, Map<String, String> env) { }

    private BootCommand(Requirements.Plan plan) {
        this.plan = plan;
    }

    /**
     * How the plan's application starts.
     *
     * @param sets names of sets to run instead of {@code config_set_default}; empty for the default
     */
    public static Start start(Requirements.Plan plan, List<String> sets) {
        Application application = plan.application();
        RunManifest run = application.run();
        if (run == null) {
            throw new Failure(Failure.Kind.BAD_INPUT, "package " + application.name() + " says nothing about how it "
                    + "is started", "Write " + application.root().resolve(RunManifest.PATH) + "; see examples/hello.");
        }
        List<String> names = sets.isEmpty() ? run.defaults() : sets;
        if (names.isEmpty()) {
            throw new Failure(Failure.Kind.BAD_INPUT, run.place() + ": several sets and no config_set_default",
                    "Write \"config_set_default: " + run.sets().keySet().iterator().next() + "\".");
        }
        BootCommand boot = new BootCommand(plan);
        List<List<String>> commands = new ArrayList<>();
        Map<String, String> env = new LinkedHashMap<>();
        for (String name : names) {
            Resolved resolved = boot.resolve(application, run.require(name), new ArrayList<>());
            resolved.env().forEach((key, value) -> {
                String old = env.putIfAbsent(key, value);
                if (old != null && !old.equals(value)) {
                    throw new Failure(Failure.Kind.BAD_INPUT, run.place() + ": sets " + String.join(", ", names)
                            + " run in one machine and want different values of " + key,
                            "Give both the same value or different names.");
                }
            });
            commands.add(resolved.command());
        }
        return new Start(List.of(), commands.getLast(), List.copyOf(commands.subList(0, commands.size() - 1)), env,
                "0:0", "/", false, List.of(), List.of());
    }

    private Resolved resolve(Application owner, ConfigSet set, List<String> chain) {
        String self = owner.name() + ":" + set.name();
        boolean cycle = chain.contains(self);
        chain.add(self);
        if (cycle) {
            throw new Failure(Failure.Kind.BAD_INPUT, set.place() + ": sets are each other's base: "
                    + String.join(" -> ", chain.subList(chain.indexOf(self), chain.size())),
                    "One of them needs a bootcmd and no base.");
        }
        Map<String, String> env = new LinkedHashMap<>(set.env());
        List<String> command = set.command();
        if (set.base() != null) {
            Application below = packageOf(set);
            Resolved base = resolve(below, below.run().require(set.base().set()), chain);
            base.env().forEach(env::putIfAbsent);
            command = command.isEmpty() ? base.command() : command;
        }
        return new Resolved(command, env);
    }

    private Application packageOf(ConfigSet set) {
        String name = set.base().packageName();
        for (Application one : plan.packages()) {
            if (one.name().equals(name)) {
                if (one.run() == null) {
                    throw new Failure(Failure.Kind.BAD_INPUT, set.place() + ": base " + set.base() + ", but package "
                            + name + " has no " + RunManifest.PATH, "Write a bootcmd instead.");
                }
                return one;
            }
        }
        throw new Failure(Failure.Kind.NOT_FOUND, set.place() + ": base " + set.base() + " names a package that is not "
                + "required", plan.debian().contains(name) ? "A Debian package has no sets: write a bootcmd instead."
                : "Add " + name + " under require in " + PackageManifest.PATH + ".");
    }
}
