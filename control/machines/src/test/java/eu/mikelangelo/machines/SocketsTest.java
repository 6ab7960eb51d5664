package eu.mikelangelo.machines;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Home;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who may enter the folder that passt makes its socket in. */
class SocketsTest {
    private Path folder;
    private Home home;

    @BeforeEach
    void make() throws IOException {
        folder = Files.createTempDirectory("sockets");
        home = new Home(folder.resolve("data"), folder.resolve("run"));
    }

    @AfterEach
    void delete() throws IOException {
        MachineStore.delete(folder);
    }

    private static String modes(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    @Test
    void underRootPasstEntersAsNobodyAndAsRootWithoutCapabilities() throws IOException {
        assumeRoot(true);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        Sockets sockets = Sockets.of(home, 7, null);
        assertTrue(sockets.prepare(home));
        Map<String, Object> passt = Files.readAttributes(sockets.passtFolder(), "unix:uid,gid");
        assertEquals(0, passt.get("gid"));
        assertTrue((int) passt.get("uid") != 0);
        assertEquals("rwxrwx---", modes(sockets.passtFolder()));
        assertEquals("rwx--x--x", modes(sockets.folder()));
    }

    @Test
    void aUsersFoldersAreTheirOwn() throws IOException {
        assumeRoot(false);
        Sockets sockets = Sockets.of(home, 7, null);
        sockets.prepare(home);
        for (Path part : new Path[] {home.run(), sockets.folder(), sockets.passtFolder()}) {
            assertEquals("rwx------", modes(part));
        }
    }

    private static void assumeRoot(boolean wanted) {
        Assumptions.assumeTrue(System.getProperty("user.name").equals("root") == wanted,
                wanted ? "skipped: needs root" : "skipped: root's folders are another test");
    }
}
