package eu.mikelangelo.agent.service;

import eu.mikelangelo.agent.api.Names;
import eu.mikelangelo.machines.ExitStatus;
import eu.mikelangelo.machines.MachineSpec;
import eu.mikelangelo.machines.MachineState;
import eu.mikelangelo.machines.PublishedPort;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Machines as JSON; docs/api.md shows the members. */
final class Views {
    private Views() { }

    /** One line of a list. */
    static Map<String, Object> summary(Fleet.Item item, Instant now) {
        MachineSpec spec = item.spec();
        MachineState state = item.state();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", spec.name());
        json.put("image", spec.image().reference());
        json.put("state", word(state));
        json.put("ready", state.ready());
        if (state.qemu() != null) {
            json.put("pid", state.qemu().pid());
        }
        json.put("ports", ports(spec.ports()));
        json.put("memory", (long) spec.memoryMiB() << 20);
        json.put("cpus", spec.cpus());
        json.put("created", spec.created().toString());
        if (state.started() != null) {
            json.put("started", state.started().toString());
        }
        if (state.phase().live() && state.started() != null) {
            json.put("uptimeSeconds", Math.max(0, Duration.between(state.started(), now).toSeconds()));
        }
        if (state.exit() != null) {
            json.put("exit", exit(state.exit()));
        }
        if (!state.reason().isEmpty()) {
            json.put("reason", state.reason());
        }
        return json;
    }

    /** Everything; {@code io} are the plane's counters. Values of the environment stay here: they may be secrets. */
    static Map<String, Object> full(Fleet.Item item, Map<String, Object> io, Instant now) {
        MachineSpec spec = item.spec();
        Map<String, Object> json = summary(item, now);
        json.put("number", spec.number());
        json.put("address", spec.address());
        json.put("mac", spec.mac());
        json.put("net", spec.net());
        json.put("imageSha256", spec.image().sha256());
        json.put("imageFile", spec.image().file());
        json.put("kernel", spec.kernel().name());
        json.put("kernelSha256", spec.kernel().sha256());
        json.put("command", command(spec));
        json.put("env", new ArrayList<>(spec.env().keySet()));
        json.put("stopSeconds", spec.stopSeconds());
        json.put("accelerator", item.state().accelerator());
        json.put("since", item.state().since().toString());
        json.put("listening", item.listening());
        json.put("io", io);
        if (item.state().passt() != null) {
            json.put("passtPid", item.state().passt().pid());
        }
        json.put("qemu", item.commandLine());
        return json;
    }

    /** A command into which an environment went may show its values: then only the program is told. */
    private static List<String> command(MachineSpec spec) {
        return spec.env().isEmpty() || spec.command().size() < 2 ? spec.command()
                : List.of(spec.command().getFirst(), "…");
    }

    private static List<Map<String, Object>> ports(List<PublishedPort> ports) {
        List<Map<String, Object>> list = new ArrayList<>();
        for (PublishedPort port : ports) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("protocol", port.protocol());
            json.put("address", port.address());
            json.put("host", port.host());
            json.put("guest", port.guest());
            list.add(json);
        }
        return list;
    }

    private static Map<String, Object> exit(ExitStatus exit) {
        return exit.signal() == 0 ? Map.of("code", exit.code()) : Map.of("signal", exit.signal());
    }

    /** The phase in lower case. */
    static String word(MachineState state) {
        return state.phase().name().toLowerCase(Locale.ROOT);
    }

    /** The machine name a source suggests: memcached, or hello of /home/me/hello/ and /tmp/hello.img. */
    static String defaultName(String source) {
        String last = source.replaceAll("/+$", "");
        last = last.substring(last.lastIndexOf('/') + 1);
        return Names.toMachine(last.endsWith(".img") ? last.substring(0, last.length() - 4) : last);
    }
}
