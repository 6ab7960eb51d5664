package eu.mikelangelo.agent;

import eu.mikelangelo.agent.api.AgentStarter;
import eu.mikelangelo.agent.api.Launch;
import eu.mikelangelo.agent.api.Version;
import eu.mikelangelo.agent.http.AgentRoutes;
import eu.mikelangelo.agent.http.ApiHandler;
import eu.mikelangelo.agent.http.ApiServer;
import eu.mikelangelo.agent.http.ImageRoutes;
import eu.mikelangelo.agent.http.IoRoutes;
import eu.mikelangelo.agent.http.MachineRoutes;
import eu.mikelangelo.agent.http.PeerCheck;
import eu.mikelangelo.agent.service.DebianSource;
import eu.mikelangelo.agent.service.ImageService;
import eu.mikelangelo.agent.service.LiveFleet;
import eu.mikelangelo.agent.service.Orchestrator;
import eu.mikelangelo.agent.service.Rest;
import eu.mikelangelo.agent.service.StoredImages;
import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Home;
import eu.mikelangelo.machines.Machines;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.debian.DebianImporter;
import eu.mikelangelo.packages.debian.apt.AptConfig;
import eu.mikelangelo.packages.image.Composer;
import eu.mikelangelo.packages.image.ImageStore;
import eu.mikelangelo.packages.kernel.KernelStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The agent's process. Begins: lock, log, plane, adoption of what a predecessor left, API. Ends on {@code POST
 * /v1/shutdown} or SIGTERM: API closed, goodbye to the plane; machines live on. Killed at any moment it leaves nothing
 * that its successor does not take over.
 */
public final class AgentMain {
    private static final Logger LOG = Logger.getLogger(AgentMain.class.getName());
    private static final int FAILED = 70;

    private AgentMain() { }

    public static void main(String[] args) {
        try {
            run(Launch.ofProcess(System.getenv()), System.getenv());
            // Threads of libraries (HTTP clients) must not keep an ended agent.
            Runtime.getRuntime().halt(0);
        } catch (IOException | InterruptedException | RuntimeException e) {
            LOG.log(Level.SEVERE, "the agent cannot go on", e);
            // The last lines of the log are what the command that started us shows.
            System.err.println(AgentStarter.CANNOT_GO_ON + (e instanceof Failure known
                    ? known.getMessage() + (known.hint().isEmpty() ? "" : "\n" + known.hint()) : e));
            Runtime.getRuntime().halt(FAILED);
        }
    }

    private static void run(Launch launch, Map<String, String> env) throws IOException, InterruptedException {
        Home home = launch.home();
        Durable.privateFolder(home.data());
        Durable.privateFolder(home.run());
        Optional<AgentLock> lock = AgentLock.take(home.run().resolve("agent.lock"), home.agentSocket());
        if (lock.isEmpty()) {
            return;
        }
        AgentLog.install(launch.agentLog());
        for (Path folder : List.of(home.data(), home.run(), home.packages().resolve("index"))) {
            Durable.sweep(folder);
        }
        String build = launch.build();
        long pid = ProcessHandle.current().pid();
        LOG.info("agent " + pid + " begins, version " + Version.NUMBER + ", build " + build);
        Durable.write(home.run().resolve("agent.pid"), pid + "\n");
        serve(launch, env, build);
        Files.deleteIfExists(home.run().resolve("agent.pid"));
        LOG.info("agent " + pid + " ends" + (lock.get().held() ? "" : " without its lock"));
    }

    private static void serve(Launch launch, Map<String, String> env, String build)
            throws IOException, InterruptedException {
        Home home = launch.home();
        CountDownLatch end = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        try (PlaneSupervisor plane = PlaneSupervisor.of(launch, env)) {
            plane.start();
            try (Machines machines = Machines.open(home, env, plane)) {
                Rest rest = new Rest(System::gc);
                Orchestrator orchestrator = new Orchestrator(images(launch, env, rest), new LiveFleet(machines), plane,
                        home, rest);
                List<?> adopted = machines.adoptAll();
                plane.settle();
                orchestrator.resume();
                LOG.info("took over " + adopted.size() + " machines");
                AgentRoutes agent = new AgentRoutes(Version.NUMBER, build, plane, end::countDown);
                IoRoutes io = new IoRoutes(plane);
                ApiHandler handler = new ApiHandler(build, Map.of("", agent::about, "plane", agent::plane,
                        "shutdown", agent::shutdown, "machines", new MachineRoutes(orchestrator),
                        "images", new ImageRoutes(orchestrator.images()), "io", io, "metrics", io::metrics));
                ApiServer server = new ApiServer(home.agentSocket(), PeerCheck.ofProcess(), handler);
                rest.start();
                Runtime.getRuntime().addShutdownHook(new Thread(() -> await(end, ended)));
                try (server) {
                    end.await();
                }
            }
        } finally {
            ended.countDown();
        }
    }

    /** SIGTERM: the same end as by the API. */
    private static void await(CountDownLatch end, CountDownLatch ended) {
        end.countDown();
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static ImageService images(Launch launch, Map<String, String> env, Rest rest) {
        Home home = launch.home();
        BlobStore blobs = new BlobStore(home.packages().resolve("blobs"));
        DebianSource debian = new DebianSource(new DebianImporter(AptConfig.host(env), home.packages(), blobs,
                launch.recipes()));
        ImageStore images = ImageStore.open(home.images());
        KernelStore kernels = KernelStore.open(home.kernels(), debian);
        Path own = home.packages().resolve("local");
        return new StoredImages(new Composer(images, kernels, blobs, debian, launch.guestInit(), own), images, kernels,
                rest);
    }
}
