package eu.mikelangelo.agent.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Home;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LaunchTest {
    @TempDir
    Path folder;

    private Launch launch() {
        return new Launch(folder, new Home(folder, folder.resolve("run")));
    }

    @Test
    void daemonsSeeNoSecretsOfTheCaller() {
        Map<String, String> env = Launch.environment(Map.of("PATH", "/bin", "MIKE_HOME", "/x", "XDG_RUNTIME_DIR", "/r",
                "LC_ALL", "C", "AWS_SECRET_ACCESS_KEY", "hush", "GITHUB_TOKEN", "hush"));
        assertEquals(Map.of("PATH", "/bin", "MIKE_HOME", "/x", "XDG_RUNTIME_DIR", "/r", "LC_ALL", "C",
                "MALLOC_ARENA_MAX", "2"), env);
    }

    @Test
    void anInstalledLayoutIsUsedWhenThere() throws Exception {
        assertTrue(launch().agentCommand().contains(System.getProperty("java.class.path")));
        Files.createDirectories(folder.resolve("build/lib/control"));
        Files.createDirectories(folder.resolve("build/aot"));
        Files.writeString(folder.resolve("build/aot/agent.aot"), "");
        List<String> command = launch().agentCommand();
        assertTrue(command.contains(folder.resolve("build/lib/control") + "/*"));
        assertTrue(command.contains("-XX:AOTCache=" + folder.resolve("build/aot/agent.aot")));
        assertFalse(launch().planeCommand().toString().contains("plane.aot"), "no cache there");
        assertEquals(List.of("serve", "--home", folder.resolve("run").toString()),
                launch().planeCommand().reversed().subList(0, 3).reversed());
    }

    @Test
    void theBuildIsTheFilesOrTheClassPaths() throws Exception {
        String derived = launch().build();
        assertTrue(derived.startsWith("dev-"), derived);
        Files.createDirectories(folder.resolve("build"));
        Files.writeString(folder.resolve("build/build-id"), "abc123\n");
        assertEquals("abc123", launch().build());
        assertNotEquals(derived, launch().build());
    }

    @Test
    void aRunFolderTooDeepForSocketsIsRefusedInWords() throws Exception {
        Path deep = folder.resolve("d".repeat(100));
        Launch launch = new Launch(folder, new Home(deep, deep.resolve("run")));
        Failure failure = assertThrows(Failure.class,
                () -> new AgentStarter(launch, Map.of()).start(new ApiClient(folder.resolve("s"), "")));
        assertEquals(Failure.Kind.BAD_INPUT, failure.kind());
        assertTrue(failure.hint().contains("MIKE_HOME"), failure.hint());
    }

    @Test
    void theVersionIsThePoms() throws Exception {
        Path pom = Path.of("pom.xml");
        assertTrue(Files.readString(pom).contains("<version>" + Version.NUMBER + "</version>"), pom.toString());
    }
}
