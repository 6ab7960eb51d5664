package eu.mikelangelo.packages.debian.apt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AptConfigTest {
    @TempDir
    Path root;

    private Path write(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    @Test
    void bothFormatsAreRead() throws IOException {
        write("etc/apt/sources.list", """
                # a comment
                deb http://mirror.example.org/debian/ stable main contrib # trailing
                deb-src http://mirror.example.org/debian stable main
                deb [arch=amd64,arm64 signed-by=/usr/share/keyrings/x.gpg trusted=no] https://x.example.org/$(ARCH) ./
                deb [arch=arm64] http://other.example.org/ stable main
                deb cdrom:[disk]/ stable main
                """);
        write("etc/apt/sources.list.d/b.sources", """
                Types: deb deb-src
                URIs: http://one.example.org http://two.example.org
                Suites: stable stable-updates
                Components: main
                Check-Valid-Until: no
                Signed-By:
                 -----BEGIN PGP PUBLIC KEY BLOCK-----
                 .
                 abc
                 -----END PGP PUBLIC KEY BLOCK-----

                Types: deb
                URIs: http://off.example.org
                Suites: stable
                Components: main
                Enabled: no
                """);
        write("etc/apt/sources.list.d/ignored.list.save", "deb http://saved.example.org stable main\n");
        write("etc/apt/trusted.gpg.d/own.asc", "");
        AptConfig config = AptConfig.read(root, Map.of());
        assertEquals(List.of("http://mirror.example.org/debian stable", "https://x.example.org/amd64 ./",
                "http://one.example.org stable", "http://one.example.org stable-updates",
                "http://two.example.org stable",
                "http://two.example.org stable-updates"), config.sources().stream().map(AptSource::toString).toList());
        assertEquals(List.of("main", "contrib"), config.sources().get(0).components());
        assertEquals(List.of(root.resolve("etc/apt/trusted.gpg.d/own.asc")), config.sources().get(0).keyFiles());
        assertEquals(List.of(root.resolve("usr/share/keyrings/x.gpg")), config.sources().get(1).keyFiles());
        assertTrue(config.sources().get(2).embeddedKey().contains("\n\nabc\n"));
        assertFalse(config.sources().get(2).checkValidUntil());
        assertTrue(config.sources().get(0).checkValidUntil());
        assertEquals("https://x.example.org/amd64/", config.sources().get(1).releaseFolder());
        assertEquals(1, config.notes().size(), config.notes().toString());
    }

    @Test
    void settingsAndProxies() throws IOException {
        write("etc/apt/apt.conf.d/10x", """
                // comment
                Acquire { http { Proxy "http://proxy.example.org:3128"; Proxy::direct.example.org "DIRECT"; };
                  Check-Valid-Until "false"; };
                #clear nothing
                Acquire::Check-Date "no"; APT::Architecture "amd64";
                """);
        write("etc/apt/sources.list", "deb http://direct.example.org/d stable main\n");
        AptConfig config = AptConfig.read(root, Map.of("no_proxy", ".local,host"));
        assertEquals(URI.create("http://proxy.example.org:3128"), config.proxies().get("http"));
        assertEquals(List.of(".local", "host", "direct.example.org"), config.directHosts());
        assertFalse(config.checkDate());
        assertFalse(config.sources().getFirst().checkValidUntil());
    }

    @Test
    void ourOwnSourcesFileReplacesTheHosts() throws IOException {
        write("etc/apt/sources.list", "deb http://host.example.org stable main\n");
        Path own = write("own", "deb http://own.example.org stable main\n");
        AptConfig config = AptConfig.read(root, Map.of("MIKE_APT_SOURCES", own.toString()));
        assertEquals("http://own.example.org stable", config.sources().getFirst().toString());
        assertEquals(1, config.sources().size());
        Failure failure = assertThrows(Failure.class,
                () -> AptConfig.read(root, Map.of("MIKE_APT_SOURCES", root + "/none")));
        assertEquals(Failure.Kind.BAD_INPUT, failure.kind());
    }
}
