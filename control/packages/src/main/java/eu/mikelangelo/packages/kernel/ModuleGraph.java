package eu.mikelangelo.packages.kernel;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which modules need which. A package has no modules.dep (depmod runs when it is installed), so each module is asked:
 * its {@code .modinfo} section says {@code depends=a,b} and {@code softdep=pre: c}.
 */
final class ModuleGraph {
    private final Map<String, List<String>> needs = new HashMap<>();
    private final Set<String> builtIn;

    /** @param builtIn lines of modules.builtin */
    ModuleGraph(List<String> builtIn) {
        this.builtIn = new LinkedHashSet<>();
        for (String path : builtIn) {
            this.builtIn.add(name(path));
        }
    }

    /** A module's name of its file: {@code kernel/x/virtio-rng.ko.xz} is virtio_rng. */
    static String name(String path) {
        String file = path.substring(path.lastIndexOf('/') + 1);
        int dot = file.indexOf(".ko");
        return (dot < 0 ? file : file.substring(0, dot)).strip().replace('-', '_');
    }

    /** Adds a module; {@code ko} is its uncompressed file. */
    void add(String name, byte[] ko) throws IOException {
        byte[] info = new Elf(ko).section(".modinfo");
        if (info == null) {
            throw new IOException("module " + name + " has no .modinfo");
        }
        List<String> list = new ArrayList<>();
        for (String line : new String(info, StandardCharsets.UTF_8).split("\0")) {
            if (line.startsWith("depends=")) {
                addNames(list, line.substring(8).split(","));
            } else if (line.startsWith("softdep=pre:")) {
                String names = line.substring(12);
                int post = names.indexOf("post:");
                addNames(list, (post < 0 ? names : names.substring(0, post)).strip().split("\\s+"));
            }
        }
        needs.put(name, list);
    }

    private static void addNames(List<String> list, String[] names) {
        for (String name : names) {
            if (!name.isBlank()) {
                list.add(name.strip().replace('-', '_'));
            }
        }
    }

    /** Whether it is a module or part of the kernel. */
    boolean knows(String name) {
        return needs.containsKey(name) || builtIn.contains(name);
    }

    /**
     * The wanted modules and all they need, each after what it needs; what is built in is left out.
     *
     * @throws IOException when a module is missing, or two need each other
     */
    List<String> closure(List<String> wanted) throws IOException {
        LinkedHashSet<String> order = new LinkedHashSet<>();
        for (String name : wanted) {
            visit(name, order, new ArrayList<>());
        }
        return List.copyOf(order);
    }

    private void visit(String name, LinkedHashSet<String> order, List<String> chain) throws IOException {
        if (order.contains(name) || !needs.containsKey(name) && builtIn.contains(name)) {
            return;
        }
        chain.add(name);
        if (chain.indexOf(name) < chain.size() - 1) {
            throw new IOException("modules need each other: " + String.join(" -> ", chain));
        }
        List<String> below = needs.get(name);
        if (below == null) {
            throw new IOException("module " + String.join(" -> ", chain) + " is missing in the kernel package");
        }
        for (String need : below) {
            visit(need, order, chain);
        }
        chain.removeLast();
        order.add(name);
    }
}
