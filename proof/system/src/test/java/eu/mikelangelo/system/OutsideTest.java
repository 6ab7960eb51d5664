package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A project outside our build takes the shard engine as an artifact, builds and runs: what its README types. */
@Tag("boot") // of no machine, but it needs the network: Maven's own plugins go to a local repository of its own
class OutsideTest {
    private static final Path BUILD = Mike.ROOT.resolve("build/t/outside");

    @Test
    void aProjectOutsideBuildsAgainstTheArtifact() throws Exception {
        Files.createDirectories(BUILD);
        run("bash", "./do", "artifacts");
        run("mvn", "-q", "-B", "-f", "examples/outside", "-Dmaven.repo.local=" + BUILD.resolve("m2"),
                "clean", "package");
        String modules;
        try (var jars = Files.walk(Mike.ROOT.resolve("build/artifacts"))) {
            modules = jars.filter(file -> file.toString().endsWith(".jar")).map(Path::toString)
                    .collect(Collectors.joining(File.pathSeparator));
        }
        String said = run(Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "--enable-native-access=eu.mikelangelo.linux",
                "--add-opens", "java.base/java.lang=eu.mikelangelo.shard",
                "-p", "examples/outside/target/outside-1.jar" + File.pathSeparator + modules,
                "-m", "example.outside/example.Tally", "1000");
        assertEquals("1000 numbers, together 500500\n", said);
    }

    private static String run(String... words) throws IOException, InterruptedException {
        Path out = Files.createTempFile(BUILD, "run", ".log");
        ProcessBuilder builder = new ProcessBuilder(words).directory(Mike.ROOT.toFile()).redirectErrorStream(true)
                .redirectOutput(out.toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        Process process = builder.start();
        try {
            assertTrue(process.waitFor(10, TimeUnit.MINUTES), List.of(words) + " goes on and on");
            String said = Files.readString(out);
            assertEquals(0, process.exitValue(), List.of(words) + "\n" + said);
            return said;
        } finally {
            process.destroyForcibly();
            Files.delete(out);
        }
    }
}
