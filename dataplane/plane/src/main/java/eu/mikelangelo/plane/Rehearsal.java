package eu.mikelangelo.plane;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.plane.api.Addresses;
import eu.mikelangelo.plane.api.PlaneClient;
import eu.mikelangelo.plane.api.PortSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * What a plane does when it takes a killed one's place, played once while a build makes the AOT caches
 * (scripts/train.sh): ports over the control socket, two QEMUs that connect, an uplink, frames both ways. Without it
 * the cache ends where the first port begins, and the guests wait for classes to be loaded and compiled.
 */
final class Rehearsal {
    /** The folder for new AOT caches; set in a build only. */
    private static final String TRAINING = "MIKE_AOT_TRAIN";
    private static final String GATEWAY_MAC = "02:4d:ff:00:00:01";
    private static final String GATEWAY = "10.187.0.1";
    private static final long ANSWER_MS = 10_000;
    private static final long PAUSE_NS = 1_000_000;
    /** Enough calls of each method for the compiler's profiles, which the cache keeps. */
    private static final int ROUNDS = 20;
    private static final int FRAMES = 40;
    private static final int FRAME_BYTES = 1_000;

    private Rehearsal() {}

    static boolean wanted() {
        return System.getenv(TRAINING) != null;
    }

    /** Plays with the plane whose control socket is in this folder. A failure costs the cache some of its use only. */
    static void run(Path folder) {
        try (RehearsedGuest one = new RehearsedGuest(folder.resolve("r1"));
                RehearsedGuest two = new RehearsedGuest(folder.resolve("r2"));
                PlaneClient agent = PlaneClient.connect(folder.resolve("plane.sock"), "rehearsal", ANSWER_MS)) {
            int passt = UnixSockets.listen(folder.resolve("r0").toString(), 2 * ROUNDS);
            for (int round = 0; round < ROUNDS; round++) {
                play(folder, agent, one, two);
            }
            Fds.close(passt);
        } catch (IOException | RuntimeException failed) {
            System.err.println("plane: the rehearsal failed: " + failed);
        } finally {
            remove(folder);
        }
    }

    private static void play(Path folder, PlaneClient agent, RehearsedGuest one, RehearsedGuest two)
            throws IOException {
        agent.register(List.of("true"), folder.toString());
        agent.addPort(port(folder, 1));
        agent.addPort(port(folder, 2));
        one.begin();
        two.begin();
        long first = Addresses.mac(port(folder, 1).mac());
        long second = Addresses.mac(port(folder, 2).mac());
        for (int i = 0; i < FRAMES; i++) {
            one.send(second, first, FRAME_BYTES);
            two.send(i == 0 ? Addresses.mac(GATEWAY_MAC) : first, second, FRAME_BYTES);
        }
        awaitFrames(agent);
        for (PortSpec port : agent.ports()) {
            agent.removePort(port.name());
        }
        agent.bye();
    }

    private static void awaitFrames(PlaneClient agent) throws IOException {
        long deadlineNs = Clock.nowNs() + ANSWER_MS * 1_000_000;
        while (agent.stats("guest1").getFirst().rxFrames() == 0 || agent.stats("guest2").getFirst().rxFrames() == 0) {
            if (Clock.nowNs() - deadlineNs > 0) {
                throw new IOException("frames do not arrive: " + agent.stats(""));
            }
            LockSupport.parkNanos(PAUSE_NS);
        }
    }

    private static PortSpec port(Path folder, int number) {
        return new PortSpec("guest" + number, folder.resolve("r" + number).toString(), false,
                "02:4d:00:00:00:0" + number, "10.187.0.10" + number, GATEWAY_MAC, GATEWAY,
                folder.resolve("r0").toString());
    }

    private static void remove(Path folder) {
        for (int i = 0; i < 3; i++) {
            try {
                Files.deleteIfExists(folder.resolve("r" + i));
            } catch (IOException left) {
                System.err.println("plane: " + left);
            }
        }
    }
}
