package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bad input gets a clear error and loses nothing. */
@Tag("boot")
class BadInputTest {
    private static final Mike MIKE = new Mike("main");

    @TempDir
    Path folder;

    @AfterAll
    static void stop() {
        MIKE.close();
    }

    @Test
    void anUnknownPackageNamesItsNeighbours() {
        Mike.Result result = MIKE.run("run", "-d", "memcachd");
        assertEquals(66, result.code(), result.err());
        assertTrue(result.err().contains("memcached"), result.err());
    }

    @Test
    void malformedYamlIsReportedWithItsPlace() throws IOException {
        application("name: broken\ntitle: [unclosed\n",
                "runtime: native\nconfig_set:\n  a: { bootcmd: /x }\nconfig_set_default: a\n");
        Mike.Result result = MIKE.run("compose", folder.toString(), "-o", folder.resolve("x.img").toString());
        assertEquals(65, result.code(), result.err());
        assertTrue(result.err().matches("(?s).*package\\.yaml.*\\b[23]\\b.*"), result.err());
        assertTrue(Files.notExists(folder.resolve("x.img")));
    }

    @Test
    void anUnknownKeyNamesTheNearestOne() throws IOException {
        application("name: broken\ntitle: t\nauthor: a\n", "runtime: native\nconfig_sets:\n  a: { bootcmd: /x }\n");
        Mike.Result result = MIKE.run("compose", folder.toString());
        assertEquals(65, result.code(), result.err());
        assertTrue(result.err().contains("config_set"), result.err());
    }

    @Test
    void aCyclicBaseIsReportedWithItsChain() throws IOException {
        application("name: broken\ntitle: t\nauthor: a\n", "runtime: native\nconfig_set:\n"
                + "  a: { base: 'broken:b' }\n  b: { base: 'broken:a' }\nconfig_set_default: a\n");
        Mike.Result result = MIKE.run("compose", folder.toString());
        assertEquals(65, result.code(), result.err());
        assertTrue(result.err().contains("broken:a") && result.err().contains("broken:b"), result.err());
    }

    @Test
    void aMissingRequirementIsNamed() throws IOException {
        application("name: broken\ntitle: t\nauthor: a\nrequire: [no-such-package-anywhere]\n",
                "runtime: native\nconfig_set:\n  a: { bootcmd: /x }\nconfig_set_default: a\n");
        Mike.Result result = MIKE.run("compose", folder.toString());
        assertEquals(66, result.code(), result.err());
        assertTrue(result.err().contains("no-such-package-anywhere"), result.err());
    }

    @Test
    void aStartCommandThatDoesNotExistIsNamed() throws IOException {
        application("name: nothing\ntitle: t\nauthor: a\n",
                "runtime: native\nconfig_set:\n  a: { bootcmd: /not/there }\nconfig_set_default: a\n");
        Mike.Result result = MIKE.run("run", folder.toString());
        assertTrue(result.code() != 0, "must fail");
        assertTrue(result.err().contains("/not/there"), result.err());
    }

    @Test
    void aMachineThatNeverListensFailsAfterItsWait() throws IOException {
        Mike.Result result = MIKE.run("run", "-d", "--name", "deaf", "--wait", "8", "-p", Mike.freePort() + ":81",
                "memcached");
        assertEquals(75, result.code(), result.err());
        assertTrue(result.err().contains("81"), result.err());
        MIKE.run("rm", "-f", "deaf").ok();
    }

    private void application(String packageYaml, String runYaml) throws IOException {
        Path meta = Files.createDirectories(folder.resolve("meta"));
        Files.writeString(meta.resolve("package.yaml"), packageYaml);
        Files.writeString(meta.resolve("run.yaml"), runYaml);
    }
}
