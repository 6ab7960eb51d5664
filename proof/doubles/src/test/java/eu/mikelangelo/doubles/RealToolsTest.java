package eu.mikelangelo.doubles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A double is worth what the real thing says of it: Debian's own tools read what ours write. */
class RealToolsTest {
    @TempDir
    Path folder;

    /** What a command says on both outputs; the test is skipped where there is no such program. */
    private static String said(String... command) throws IOException, InterruptedException {
        assumeTrue(Stream.of(System.getenv("PATH").split(":")).anyMatch(at -> Files.isExecutable(Path.of(at,
                command[0]))), "needs " + command[0]);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return said;
    }

    @Test
    void dpkgReadsThePackages() throws Exception {
        String deep = "./usr/share/" + "deep/".repeat(30) + "file";
        for (String packing : List.of("", "gz", "xz", "zst")) {
            Path deb = Files.write(folder.resolve("x.deb"), new DebWriter().folder("./usr").folder("./usr/share")
                    .file("./usr/run", "echo\n", 0755).hardLink("./usr/same", "./usr/run").link("./usr/soft", "run")
                    .file(deep, "x", 0640).control("postinst", "#!/bin/sh\n").build(packing));
            List<String> members = new ArrayList<>();
            said("dpkg-deb", "--contents", deb.toString()).lines().forEach(line -> members.add(
                    line.replaceFirst("^(\\S+) \\S+ +(\\d+) \\S+ \\S+ ", "$1 $2 ")));
            assertEquals(List.of("drwxr-xr-x 0 ./usr/", "drwxr-xr-x 0 ./usr/share/", "-rwxr-xr-x 5 ./usr/run",
                    "hrwxr-xr-x 0 ./usr/same link to ./usr/run", "lrwxrwxrwx 0 ./usr/soft -> run",
                    "-rw-r----- 1 " + deep), members, packing);
            assertEquals("x\n", said("dpkg-deb", "--field", deb.toString(), "Package"));
            assertTrue(said("dpkg-deb", "--info", deb.toString()).contains("postinst"), packing);
        }
    }

    @Test
    void gpgvTrustsTheMirrorAndNoStranger() throws Exception {
        try (Mirror mirror = new Mirror()) {
            mirror.add("tiny", new DebWriter());
            mirror.publish();
            String ours = verify(mirror);
            assertTrue(ours.contains("Good signature from \"Archive of a test\""), ours);
            mirror.publishAsStranger();
            String strangers = verify(mirror);
            assertTrue(strangers.contains("No public key"), strangers);
        }
    }

    private String verify(Mirror mirror) throws Exception {
        Path file = Files.write(folder.resolve("InRelease"), served(mirror.url() + "/dists/stable/InRelease"));
        return said("gpgv", "--keyring", mirror.key(folder).toString(), file.toString());
    }

    private static byte[] served(String url) throws IOException {
        try (var in = URI.create(url).toURL().openStream()) {
            return in.readAllBytes();
        }
    }
}
