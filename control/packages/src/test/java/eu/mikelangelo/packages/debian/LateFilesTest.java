package eu.mikelangelo.packages.debian;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the start script with this host's shell; the "server" prints its words, one a line. */
class LateFilesTest {
    private static final List<String> TEMPLATE = List.of("%s\\n", "$OPTS", "--name=${NAME}", "5$$", "a\\b\"`id`",
            "$(id)");
    @TempDir
    Path folder;

    private List<String> start(String file, String... arguments) throws Exception {
        Path environment = folder.resolve("it's; an environment");
        Files.writeString(environment, file);
        Path script = folder.resolve("start");
        Files.writeString(script, LateFiles.script(List.of("/no/such file", environment.toString()), TEMPLATE));
        List<String> command = new ArrayList<>(List.of("/bin/sh", script.toString(), "/usr/bin/printf"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).directory(folder.toFile()).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        return said.lines().toList();
    }

    @Test
    void valuesAreReadAndNotRun() throws Exception {
        List<String> said = start("# OPTS=no\n; OPTS=no\nif then (\nOPTS=-a -b *  \n"
                + "NAME=\"two \\\"words\\\" $(touch ran)\"\n");
        assertEquals(List.of("-a", "-b", "*", "--name=two \"words\" $(touch ran)", "5$", "a\\b\"`id`", "$(id)"), said);
        assertFalse(Files.exists(folder.resolve("ran")));
    }

    @Test
    void linesContinueAndQuotesEnd() throws Exception {
        assertEquals(List.of("-a", "-b", "--name=x", "5$", "a\\b\"`id`", "$(id)"),
                start("OPTS='-a \\\n-b'\nNAME='x'\n1BAD=x\nexport OPTS=y"));
    }

    @Test
    void givenArgumentsReplaceTheUnits() throws Exception {
        assertEquals(List.of("-x", "$OPTS"), start("OPTS=-a\n", "%s\\n", "-x", "$OPTS"));
    }
}
