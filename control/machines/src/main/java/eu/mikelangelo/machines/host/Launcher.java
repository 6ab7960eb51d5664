package eu.mikelangelo.machines.host;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.qemu.Programs;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Starts processes that outlive us: in a session of their own, without our terminal, pipes or environment. */
public final class Launcher {
    /** What our children may see of our environment; it may hold secrets. */
    private static final Set<String> PASSED_ON = Set.of("PATH", "HOME", "LANG", "TZ");

    private Launcher() { }

    /**
     * Starts a program; its output is appended to {@code log} (0600). setsid(1) becomes the program without a fork,
     * because a child of ours leads no process group: so the process we get is the program itself.
     */
    public static Process start(List<String> program, Path log, Map<String, String> env) throws IOException {
        Path setsid = Programs.find("setsid", env, List.of("/usr/bin/setsid", "/bin/setsid")).orElseThrow(
                () -> new Failure(Failure.Kind.UNAVAILABLE, "setsid is not installed",
                        "install it: apt-get install -y util-linux"));
        if (!Files.exists(log)) {
            Files.createFile(log, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        }
        List<String> argv = new ArrayList<>(List.of(setsid.toString()));
        argv.addAll(program);
        ProcessBuilder builder = new ProcessBuilder(argv).redirectInput(new File("/dev/null"))
                .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .directory(new File("/"));
        builder.environment().keySet().retainAll(PASSED_ON);
        return builder.start();
    }
}
