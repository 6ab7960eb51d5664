package eu.mikelangelo.cli.host;

import eu.mikelangelo.agent.api.Launch;
import eu.mikelangelo.agent.api.Sizes;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Table;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;

@Command(name = "doctor", description = {"Check what Mikelangelo needs of this host; starts nothing.",
    "Exit code 69 when something is missing."}, footer = {"  mike doctor", "  mike doctor --json"})
public final class DoctorCommand extends Verb.WithJson {
    private static final int MISSING = 69;
    private static final long ENOUGH_BYTES = 2L << 30;
    private static final int PROBE_SECONDS = 10;
    private final List<Map<String, Object>> findings = new ArrayList<>();

    public DoctorCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        program("qemu-system-x86_64", "qemu-system-x86", "--version");
        program("passt", "passt", "--version");
        program("setsid", "util-linux", "--version");
        Launch launch = context.launch();
        file("guest init", launch.guestInit(), "run ./do build");
        file("recipes", launch.recipes(), "is this a whole checkout?");
        kvm();
        space(launch.home().data());
        boolean ready = findings.stream().noneMatch(finding -> "missing".equals(finding.get("state")));
        if (json) {
            printJson(Map.of("ready", ready, "findings", findings));
        } else {
            Table table = new Table("WHAT", "STATE", "DETAIL");
            findings.forEach(finding -> table.row((String) finding.get("what"), (String) finding.get("state"),
                    (String) finding.get("detail")));
            context.out().print(table);  // in full, on any terminal
        }
        return ready ? OK : MISSING;
    }

    private void add(String what, String state, String detail) {
        Map<String, Object> finding = new LinkedHashMap<>();
        finding.put("what", what);
        finding.put("state", state);
        finding.put("detail", detail);
        findings.add(finding);
    }

    private void program(String name, String debianPackage, String option) throws IOException {
        for (String folder : context.env().getOrDefault("PATH", "").split(":")) {
            Path file = Path.of(folder.isEmpty() ? "." : folder, name);
            if (Files.isExecutable(file)) {
                add(name, "ok", firstLine(file, option));
                return;
            }
        }
        add(name, "missing", "apt-get install " + debianPackage);
    }

    private static String firstLine(Path program, String option) throws IOException {
        Process process = new ProcessBuilder(program.toString(), option).redirectErrorStream(true)
                .redirectInput(Path.of("/dev/null").toFile()).start();
        String output = new String(process.getInputStream().readNBytes(4096));
        try {
            if (!process.waitFor(PROBE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return output.lines().findFirst().orElse(program.toString()); // passt 2025 drops its words on a pipe
    }

    private void file(String what, Path file, String hint) {
        boolean there = Files.exists(file);
        add(what, there ? "ok" : "missing", there ? file.toString() : file + ": " + hint);
    }

    private void kvm() {
        Path device = Path.of("/dev/kvm");
        if (Files.isReadable(device) && Files.isWritable(device)) {
            add("/dev/kvm", "ok", "whether it can boot a kernel is tried at the first start");
        } else {
            add("/dev/kvm", "note", (Files.exists(device) ? "no permission (group kvm?)" : "there is none")
                    + ": machines run under emulation, several times slower");
        }
    }

    private void space(Path data) {
        Path existing = data;
        while (!Files.exists(existing)) {
            existing = existing.getParent();
        }
        long free = existing.toFile().getUsableSpace(); // a FileStore would want a mount point, which a chroot lacks
        add("space", free < ENOUGH_BYTES ? "note" : "ok", Sizes.human(free) + " free for " + data);
    }
}
