package eu.mikelangelo.base;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HomeTest {

    @Test
    void theOverrideHoldsEverything() {
        Home home = Home.of(Map.of("MIKE_HOME", "/x/y"), "root");
        assertEquals(new Home(Path.of("/x/y"), Path.of("/x/y/run")), home);
        assertEquals(Path.of("/x/y/run/agent.sock"), home.agentSocket());
    }

    @Test
    void rootUsesTheSystemsFolders() {
        assertEquals(new Home(Path.of("/var/lib/mikelangelo"), Path.of("/run/mikelangelo")), Home.of(Map.of(), "root"));
    }

    @Test
    void usersUseTheirXdgFolders() {
        Home home = Home.of(Map.of("HOME", "/home/ada", "XDG_RUNTIME_DIR", "/run/user/7"), "ada");
        assertEquals(Path.of("/home/ada/.local/share/mikelangelo"), home.data());
        assertEquals(Path.of("/run/user/7/mikelangelo"), home.run());
    }

    @Test
    void relativeXdgFoldersAreIgnoredAsTheSpecificationSays() {
        Home home = Home.of(Map.of("HOME", "/home/ada", "XDG_DATA_HOME", "data", "XDG_RUNTIME_DIR", ""), "ada");
        assertEquals(Path.of("/home/ada/.local/share/mikelangelo"), home.data());
        assertEquals(Path.of("/home/ada/.local/share/mikelangelo/run"), home.run());
    }
}
