package eu.mikelangelo.packages.manifest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IgnoreRulesTest {
    @ParameterizedTest
    @CsvSource({
        "/a.txt, /a.txt, true", "/a.txt, /aXtxt, false", "/a.txt, /b/a.txt, false",
        "/*.o, /x.o, true", "/*.o, /b/x.o, false", "/**/*.o, /x.o, true", "/**/*.o, /b/c/x.o, true",
        "/src/*, /src, false", "/src/*, /src/a, true", "/src/*, /src/a/b, true",
        "/src/**/x, /src/x, true", "/src/**/x, /src/a/b/x, true", "/src/**/x, /srcx, false",
        "/out/, /out, true", "/[a], /[a], true", "/[a], /a, false", "/a?, /ab, false",
        "/x, /meta, true", "/x, /metadata.json, false", "/x, /.git, true", "/x, /volumes, true",
    })
    void patterns(String rule, String path, boolean ignored) {
        assertEquals(ignored, IgnoreRules.of("f", rule).ignores(path));
    }

    @Test
    void mistakesAreTold() {
        String message = assertThrows(Failure.class, () -> IgnoreRules.of("f", "# x\n\nout")).getMessage();
        assertEquals("f, line 3, column 1: expected a pattern that begins with /, found \"out\"", message);
        assertTrue(assertThrows(Failure.class, () -> IgnoreRules.of("f", "/meta/")).getMessage()
                .contains("cannot be ignored"));
    }

    @Test
    void manyStarsStayFast() {
        IgnoreRules rules = IgnoreRules.of("f", "/" + "*a".repeat(200) + "*b\n/" + "**/".repeat(200) + "x");
        String path = "/a".repeat(1000) + "a".repeat(1000);
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> rules.ignores(path));
    }
}
