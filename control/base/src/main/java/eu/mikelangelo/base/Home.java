package eu.mikelangelo.base;

import java.nio.file.Path;
import java.util.Map;

/**
 * The directories of one Mikelangelo: {@code data} survives a reboot, {@code run} need not. One agent and one plane
 * per home. See "Data on a host" in ARCHITECTURE.md.
 */
public record Home(Path data, Path run) {

    /** The home of this process: MIKE_HOME, else root's or the user's own (XDG base directories). */
    public static Home of(Map<String, String> env, String userName) {
        String override = env.get("MIKE_HOME");
        if (override != null && !override.isEmpty()) {
            Path home = Path.of(override).toAbsolutePath().normalize();
            return new Home(home, home.resolve("run"));
        }
        if (userName.equals("root")) {
            return new Home(Path.of("/var/lib/mikelangelo"), Path.of("/run/mikelangelo"));
        }
        Path user = Path.of(env.getOrDefault("HOME", System.getProperty("user.home")));
        Path data = xdg(env, "XDG_DATA_HOME", user.resolve(".local/share")).resolve("mikelangelo");
        Path run = xdg(env, "XDG_RUNTIME_DIR", null);
        return new Home(data, run == null ? data.resolve("run") : run.resolve("mikelangelo"));
    }

    private static Path xdg(Map<String, String> env, String key, Path otherwise) {
        String value = env.get(key);
        return value == null || !value.startsWith("/") ? otherwise : Path.of(value);
    }

    public Path packages() {
        return data.resolve("packages");
    }

    public Path images() {
        return data.resolve("images");
    }

    public Path kernels() {
        return data.resolve("kernels");
    }

    public Path machines() {
        return data.resolve("machines");
    }

    /** The agent's API. */
    public Path agentSocket() {
        return run.resolve("agent.sock");
    }

    /** The plane's control protocol. */
    public Path planeSocket() {
        return run.resolve("plane.sock");
    }
}
