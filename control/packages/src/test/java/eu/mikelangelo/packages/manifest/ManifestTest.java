package eu.mikelangelo.packages.manifest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.image.Mutations;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** package.yaml and run.yaml: what is read, and what is said about every mistake. */
class ManifestTest {
    private static final String PACKAGE = """
            name: shop.api
            title: Shop API
            author: Dana
            version: 1.10
            require: [dash, osv.cli, dash]
            binary: { app: /srv/app }
            created: "2026-01-02T10:00:00Z"
            platform: Debian 12
            """;
    private static final String RUN = """
            runtime: native
            config_set:
              server: { bootcmd: "/srv/app $MODE", env: { MODE: prod, PORT: 8080 } }
              probe:  { base: "osv.bootstrap:sleep", env: { SLEEP_SECONDS: 5 } }
            config_set_default: server
            """;

    static PackageManifest manifest(String text) {
        return PackageManifest.of(YamlReader.read("p.yaml", text.getBytes(StandardCharsets.UTF_8)));
    }

    static RunManifest run(String text) {
        return RunManifest.of(YamlReader.read("r.yaml", text.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void packageIsRead() {
        assertEquals(new PackageManifest("shop.api", "Shop API", "Dana", "1.10", List.of("dash", "osv.cli"),
                Map.of("app", "/srv/app"), "2026-01-02T10:00:00Z", "Debian 12"), manifest(PACKAGE),
                "1.10 stays the text that was written; a name twice counts once");
        assertEquals(List.of(), manifest("name: a\ntitle: b\nauthor: c\nrequire:\n").require());
        assertEquals(List.of("dash"), manifest("name: a\ntitle: b\nauthor: c\nrequire: dash\n").require());
    }

    @Test
    void runIsRead() {
        RunManifest run = run(RUN);
        assertEquals(List.of("server", "probe"), List.copyOf(run.sets().keySet()));
        assertEquals(List.of("/srv/app", "$MODE"), run.sets().get("server").command());
        assertEquals("[MODE=prod, PORT=8080]", run.sets().get("server").env().entrySet().toString());
        assertEquals(new RunManifest.Base("osv.bootstrap", "sleep"), run.sets().get("probe").base());
        assertEquals(List.of("server"), run.defaults());
        assertEquals(List.of("one"), run("runtime: native\nconfig_set: {one: {bootcmd: x}}\n").defaults());
        assertEquals(List.of("server", "probe"), run(RUN.replace("default: server", "default: server, probe"))
                .defaults());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "title: x\\nauthor: y | line 1, column 1: key \"name\" is missing",
        "name: x\\ntitle: y | key \"author\" is missing",
        "name: x\\ntitle: y\\nauther: z | "
            + "line 3, column 1: unknown key \"auther\" in package.yaml; did you mean \"author\"?",
        "name: x\\ntitle: y\\nauthor: z\\nname: w | line 4, column 1: key \"name\" stands twice, first in line 1",
        "name: a/b\\ntitle: y\\nauthor: z | line 1, column 7: expected a name of letters",
        "name: [a]\\ntitle: y\\nauthor: z | line 1, column 7: expected a text for name, found a list",
        "name: x\\ntitle:\\nauthor: z | expected a text for title, found nothing",
        "name: x\\ntitle: ''\\nauthor: z | line 2, column 8: expected a text for title, found an empty one",
        "name: x\\ntitle: y\\nauthor: z\\nrequire: {a: b} | line 4, column 10: expected a list of names of packages",
        "name: x\\ntitle: y\\nauthor: z\\nrequire: [a, [b]] | "
            + "line 4, column 14: expected names of packages, found a list",
        "name: x\\ntitle: y\\nauthor: z\\nrequire: [../b] | "
            + "line 4, column 11: expected the name of a package, found \"../b\"",
        "name: x\\ntitle: y\\nauthor: z\\nrequire: [x] | line 4, column 11: package x requires itself",
        "- a\\n- b | line 1, column 1: expected the manifest as a mapping (key: value lines), found a list",
        "name: x\\n  title: y | line 2, column",
        "name: \"x | not YAML",
        "name: &a x\\ntitle: *a\\nauthor: z | line 2, column 8: an alias (*name)",
        "name: x\\n---\\nname: y | a second document",
        "name: x\\n\\ttitle: y | line 2",
    })
    void mistakesInPackageYaml(String text, String message) {
        told(() -> manifest(text.replace("\\n", "\n").replace("\\t", "\t")), "p.yaml", message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "config_set: {a: {bootcmd: x}} | key \"runtime\" is missing",
        "runtime: native | key \"config_set\" is missing",
        "runtime: java\\nconfig_set: {a: {main: x}} | line 1, column 10: the runtime \"java\" is not supported yet",
        "runtime: nativ\\nconfig_set: {a: {bootcmd: x}} | "
            + "expected native (java, node and python will follow), found \"nativ\"",
        "runtime: native\\nconfig_set: {} | expected at least one set",
        "runtime: native\\nconfig_set: {a: {}} | line 2, column 14: set \"a\" has neither bootcmd nor base",
        "runtime: native\\nconfig_set: {a: {bootcmd: ''}} | expected a command, found an empty text",
        "runtime: native\\nconfig_set: {a: {bootcmd: '/x \"y'}} | bootcmd, character 4: a \" that is never closed",
        "runtime: native\\nconfig_set: {a: {bootcmnd: x}} | "
            + "unknown key \"bootcmnd\" in a set of the native runtime; did you mean \"bootcmd\"?",
        "runtime: native\\nconfig_set: {a: {base: x}} | expected a base as \"<package>:<set>\", found \"x\"",
        "runtime: native\\nconfig_set: {a: {bootcmd: x, env: {A B: c}}} | "
            + "expected an environment variable named by letters",
        "runtime: native\\nconfig_set: {a: {bootcmd: x, env: {A: [b]}}} | expected a text for A, found a list",
        "runtime: native\\nconfig_set: {alpha: {bootcmd: x}}\\nconfig_set_default: alhpa | "
            + "line 3, column 21: config_set_default names \"alhpa\", which is no set of this file; did you "
            + "mean \"alpha\"?",
    })
    void mistakesInRunYaml(String text, String message) {
        told(() -> run(text.replace("\\n", "\n")), "r.yaml", message);
    }

    private static void told(Runnable action, String file, String message) {
        Failure failure = assertThrows(Failure.class, action::run);
        assertEquals(Failure.Kind.BAD_INPUT, failure.kind());
        assertTrue(failure.getMessage().startsWith(file + ", line "), failure.getMessage());
        assertTrue(failure.getMessage().contains(message), failure.getMessage());
    }

    @Test
    void hugeDeepAndGrowingFilesAreBounded() {
        told(() -> manifest("#" + "x".repeat(YamlReader.BYTES_MAX)), "p.yaml", "more than 262144 bytes");
        told(() -> manifest("binary: " + "[".repeat(1000) + "]".repeat(1000)), "p.yaml", "");
        told(() -> manifest("binary: " + "{a: ".repeat(20) + "}".repeat(20)), "p.yaml", "more than 16 levels");
        told(() -> manifest("require: [" + "a,".repeat(50_000) + "]"), "p.yaml", "more than 20000 values");
        String laughs = "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n";
        told(() -> manifest(laughs), "p.yaml", "line 2, column 8: an alias");
        told(() -> manifest("name: \u0000"), "p.yaml", "");
        Failure bytes = assertThrows(Failure.class, () -> YamlReader.read("p.yaml", new byte[] {(byte) 0xff}));
        assertTrue(bytes.getMessage().contains("not UTF-8"));
    }

    @Test
    void damagedManifestsAreReadOrTold() {
        Mutations.of(PACKAGE.getBytes(StandardCharsets.UTF_8), 3000, 21, ManifestFuzz::fuzzerTestOneInput);
        Mutations.of(RUN.getBytes(StandardCharsets.UTF_8), 3000, 22, ManifestFuzz::fuzzerTestOneInput);
    }
}
