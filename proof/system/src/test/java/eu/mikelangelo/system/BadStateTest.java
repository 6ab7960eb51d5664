package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Files of ours that were damaged: said, healed where the content can be had again, and no reason to lose the rest. */
@Tag("boot")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class BadStateTest {
    private static final String HELLO = "Hello, world, from a machine of your own.\n";
    private static final Path FOLDER = Mike.ROOT.resolve("build/t/apps/stateful");
    private final Mike mike = new Mike("main");

    @BeforeEach
    void compose() throws IOException {
        Mike.app(FOLDER, "echo waiting; read line; echo done");
        mike.run("compose", FOLDER.toString()).ok();
        mike.run("compose", "./examples/hello").ok();
    }

    @AfterEach
    void clean() {
        mike.close();
    }

    private Path image(String name) {
        for (var image : mike.run("images", "--json").json()) {
            if (image.get("name").asString().equals(name)) {
                return mike.home().resolve("images").resolve(image.get("sha256").asString());
            }
        }
        throw new AssertionError("no image " + name);
    }

    private static void flip(Path file, long at) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(at);
            int old = bytes.read();
            bytes.seek(at);
            bytes.write(old ^ 1);
        }
    }

    @Test
    void aLiveMachineWhoseStateIsDamagedIsTakenOver() throws Exception {
        mike.run("run", "-d", "--name", "s", FOLDER.toString()).ok();
        long qemu = mike.inspect("s").get("pid").asLong();
        Path state = mike.home().resolve("machines/s/state.json");
        assertTrue(mike.kill("agent"));
        Files.writeString(state, "{\"schema\": 1, \"ph");
        awaitState("s", "running");
        assertEquals(qemu, mike.inspect("s").get("pid").asLong());
        assertEquals("alive\n", mike.run("exec", "s", "sh", "-c", "echo alive").ok().out());
        assertTrue(Files.exists(state.resolveSibling("state.json.damaged")));
        mike.run("stop", "s").ok();
        mike.run("agent", "stop").ok();
        Files.writeString(state, "");
        assertEquals("failed", mike.inspect("s").get("state").asString());
        assertTrue(mike.inspect("s").get("reason").asString().contains("state.json"));
        mike.run("start", "s").ok();
        mike.run("rm", "-f", "s").ok();
    }

    @Test
    void aMachineWhoseSpecIsDamagedIsListedWithItsReasonAndRemoved() throws Exception {
        mike.run("run", "-d", "--name", "s", FOLDER.toString()).ok();
        long qemu = mike.inspect("s").get("pid").asLong();
        long passt = mike.inspect("s").get("passtPid").asLong();
        assertTrue(mike.kill("agent"));
        Files.writeString(mike.home().resolve("machines/s/spec.json"), "{");
        assertTrue(mike.run("ps", "-a").ok().out().contains("s "), "it is listed");
        assertTrue(mike.inspect("s").get("reason").asString().contains("spec.json"));
        mike.refused(66, List.of("spec.json", "mike rm s"), "start", "s");
        mike.refused(73, List.of("damaged", "-f"), "rm", "s");
        mike.run("rm", "-f", "s").ok();
        Host.awaitEnd(qemu);
        Host.awaitEnd(passt);
        assertEquals(0, mike.run("ps", "-a", "--json").json().size());
    }

    private void awaitState(String machine, String wanted) throws InterruptedException {
        String last = "";
        for (int i = 0; i < 300; i++) {
            last = mike.inspect(machine).get("state").asString();
            if (last.equals(wanted)) {
                return;
            }
            Thread.sleep(100);
        }
        assertEquals(wanted, last);
    }

    @Test
    void aDamagedBookOfNamesIsMadeAnew() throws IOException {
        mike.run("agent", "stop").ok();
        Path names = mike.home().resolve("images/names.json");
        Files.writeString(names, "{\"schema");
        assertEquals(HELLO, mike.run("run", "hello").ok().out());
        image("stateful");
        assertTrue(Files.exists(names.resolveSibling("names.json.damaged")));
        Files.delete(names.resolveSibling("names.json.damaged"));
    }

    @Test
    void aStoredImageThatWasDamagedHidesNoOtherAndHealsByComposing() throws IOException {
        Path hello = image("hello");
        byte[] good = Files.readAllBytes(hello);
        flip(hello, good.length / 2);
        // Its tree is composed of a folder, so a name does not say how to make it again: that is the user's to do.
        mike.refused(76, List.of("hello", "damaged", "examples/hello"), "run", "hello");
        Files.write(hello, java.util.Arrays.copyOf(good, good.length / 2));
        assertTrue(mike.run("images").ok().out().contains("damaged"));
        image("stateful");
        mike.refused(76, List.of("hello", "damaged"), "run", "hello");
        mike.run("compose", "./examples/hello").ok();
        assertEquals(HELLO, mike.run("run", "hello").ok().out());
        assertArrayEquals(good, Files.readAllBytes(hello));
    }

    @Test
    void aKernelThatWasChangedIsUnpackedAgain() throws IOException {
        Path kernels = mike.home().resolve("kernels");
        try (Stream<Path> files = Files.walk(kernels)) {
            List<Path> found = files.filter(f -> f.getFileName().toString().matches("vmlinu[xz]")).toList();
            assertTrue(found.size() >= 2, found.toString());
            for (Path file : found) {
                flip(file, Files.size(file) / 3);
            }
        }
        assertEquals(HELLO, mike.run("run", "hello").ok().out());
        Path current = kernels.resolve("current.json");
        assertTrue(Files.exists(current));
        Files.writeString(current, "{");
        mike.run("compose", "./examples/hello").ok();
        assertTrue(JsonMapper.shared().readTree(current.toFile()).has("sha256"), Files.readString(current));
        try (Stream<Path> files = Files.list(kernels)) {
            assertTrue(files.noneMatch(file -> file.getFileName().toString().startsWith("tmp.")));
        }
    }

    @Test
    void damagedVerdictsAboutTheHostAreMadeAgain() throws IOException {
        mike.run("agent", "stop").ok();
        Path accelerator = mike.home().resolve("accelerator.json");
        Path qemu = mike.home().resolve("qemu.json");
        JsonNode first = JsonMapper.shared().readTree(accelerator.toFile());
        JsonNode second = JsonMapper.shared().readTree(qemu.toFile());
        Files.writeString(accelerator, "{\"x");
        Files.writeString(qemu, "[]");
        assertEquals(HELLO, mike.run("run", "hello").ok().out());
        assertEquals(first.propertyNames(), JsonMapper.shared().readTree(accelerator.toFile()).propertyNames());
        assertEquals(second.propertyNames(), JsonMapper.shared().readTree(qemu.toFile()).propertyNames());
    }

    @Test
    void imageFilesThatAreDamagedOrOfAnotherVersionAreRefusedAndTakeNoName() throws IOException {
        Path file = FOLDER.resolveSibling("hello.img");
        mike.run("compose", "./examples/hello", "-o", file.toString()).ok();
        byte[] good = Files.readAllBytes(file);
        Path bad = FOLDER.resolveSibling("bad.img");
        String before = mike.run("images", "--json").ok().out();
        Object[][] cases = {{"", 65, "not a Mikelangelo image"}, {"cut", 76, "cut off"}, {"flip", 76, "damaged"},
            {"longer", 76, "Something was put behind it"}, {"schema", 65, "mikelangelo-image/9"},
            {"kernel", 69, "the image needs kernel"}, {"bomb", 76, "manifest says"}};
        for (Object[] each : cases) {
            Files.write(bad, spoilt(good, (String) each[0]));
            Mike.Result result = mike.refused((int) each[1], List.of((String) each[2]), "run", bad.toString());
            assertTrue(result.err().contains(bad.toString()) || each[0].equals("kernel"), result.err());
            assertEquals(before, mike.run("images", "--json").ok().out(), (String) each[0]);
        }
        try (Stream<Path> left = Files.list(mike.home().resolve("images/tmp"))) {
            assertEquals(List.of(), left.toList());
        }
        assertEquals(HELLO, mike.run("run", file.toString()).ok().out());
    }

    private static byte[] spoilt(byte[] good, String how) {
        String text = new String(good, StandardCharsets.ISO_8859_1);
        String changed = switch (how) {
            case "cut" -> text.substring(0, text.length() / 2);
            case "flip" -> text.substring(0, text.length() / 2) + (char) (text.charAt(text.length() / 2) ^ 1)
                    + text.substring(text.length() / 2 + 1);
            case "longer" -> text + "x".repeat(4096);
            case "schema" -> text.replaceFirst("mikelangelo-image/1", "mikelangelo-image/9");
            case "kernel" -> text.replaceFirst("(\"kernel\" : \\{\\s*\"sha256\" : \")....", "$10000");
            // The segment unpacks to more than is promised: reading stops at the promise.
            case "bomb" -> text.replaceFirst("(\"unpacked\" : )[0-9]([0-9]{5,})", "$11$2");
            default -> "";
        };
        return changed.getBytes(StandardCharsets.ISO_8859_1);
    }
}
