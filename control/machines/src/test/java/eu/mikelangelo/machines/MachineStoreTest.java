package eu.mikelangelo.machines;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.host.ProcessId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineStoreTest {
    @TempDir
    Path folder;

    static MachineRequest request(String name, String reference) {
        return new MachineRequest(name, new MachineSpec.Image(reference, "00", "/i/" + reference),
                new MachineSpec.Kernel("linux 6.1", "11", "/k/vmlinuz"), 256, 1,
                List.of(PublishedPort.parse("8080:80")), Map.of("PASSWORD", "hush"), List.of("run", "me"),
                List.of(List.of("mk", "it")), 5);
    }

    private MachineStore store() throws Exception {
        return MachineStore.open(folder.resolve("machines"), folder.resolve("m"));
    }

    @Test
    void makesReadsAndRemoves() throws Exception {
        MachineStore store = store();
        MachineSpec spec = store.create(request("web", "nginx"));
        assertEquals(List.of("web"), store.names());
        assertEquals(spec, store.folder("web").readSpec());
        assertEquals(MachineState.created(spec.created()), store.folder("web").readState());
        Path file = folder.resolve("machines/web/spec.json");
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent())));
        store.remove("web");
        assertEquals(List.of(), store.names());
        store.remove("web");
        try (var left = Files.list(folder.resolve("machines"))) {
            assertEquals(List.of(".lock"), left.map(entry -> entry.getFileName().toString()).toList());
        }
    }

    /** An older program, which would not keep to the rules, does not take such a machine. */
    @Test
    void rulesOfTheNetworkAreKeptAndMakeANewerSchema() throws Exception {
        MachineStore store = store();
        MachineRequest plain = request("plain", "x");
        assertEquals(1, store.create(plain).schema());
        MachineSpec spec = store.create(new MachineRequest("ruled", plain.image(), plain.kernel(), 256, 1,
                plain.ports(), plain.env(), plain.command(), plain.pre(), 5, "vlan=10,rate=10M,queues=3"));
        assertEquals(2, spec.schema());
        assertEquals("vlan=10,rate=10M,queues=3", store.folder("ruled").readSpec().net());
        assertEquals(3, store.folder("ruled").readSpec().queues());
        assertEquals(1, store.folder("plain").readSpec().queues());
        assertEquals("", store.folder("plain").readSpec().net());
        Path file = folder.resolve("machines/plain/spec.json");
        Files.writeString(file, Files.readString(file).replaceAll(",?\"net\":\"\"", ""));
        assertEquals("", store.folder("plain").readSpec().net(), "written before there were rules");
        Files.writeString(file, Files.readString(file).replace("\"schema\":1", "\"schema\":3"));
        assertThrows(Failure.class, () -> store.folder("plain").readSpec());
    }

    @Test
    void stateSurvives() throws Exception {
        MachineFolder machine = store().folder(store().create(request("a", "x")).name());
        ProcessId id = new ProcessId(7, 8, "b");
        MachineState state = new MachineState(MachineState.SCHEMA, MachineState.Phase.STOPPING, id, null, "kvm", true,
                ExitStatus.signal(11), "because \"x\"\n", Instant.now(), Instant.now());
        machine.write(state);
        assertEquals(state, machine.readState());
    }

    @Test
    void namesComeFromImages() throws Exception {
        assertEquals("nginx", MachineStore.defaultName("nginx"));
        assertEquals("hello", MachineStore.defaultName("/tmp/x/Hello.img"));
        assertEquals("hello", MachineStore.defaultName("./examples/hello/"));
        assertEquals("redis", MachineStore.defaultName("redis:7.2"));
        assertEquals("a-b", MachineStore.defaultName("__a b"));
        assertEquals("machine", MachineStore.defaultName("///"));
        MachineStore store = store();
        assertEquals("nginx", store.create(request("", "nginx")).name());
        assertEquals("nginx-2", store.create(request("", "nginx")).name());
        assertEquals("nginx-3", store.create(request("", "nginx")).name());
        store.remove("nginx-2");
        assertEquals("nginx-2", store.create(request("", "nginx")).name());
        Failure taken = assertThrows(Failure.class, () -> store.create(request("nginx", "nginx")));
        assertEquals(Failure.Kind.CONFLICT, taken.kind());
    }

    @Test
    void refusesNames() {
        for (String bad : List.of("Web", "", ".x", "-x", "a/b", "..", "a".repeat(64), "a\n", "ä")) {
            assertThrows(Failure.class, () -> MachineSpec.checkName(bad), bad);
        }
        assertEquals("0a_.-b", MachineSpec.checkName("0a_.-b"));
    }

    @Test
    void numbersAreUniqueUnderARush() throws Exception {
        MachineStore one = store();
        MachineStore two = store();
        List<Callable<MachineSpec>> tasks = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            MachineStore store = i % 2 == 0 ? one : two;
            tasks.add(() -> store.create(request("", "rush")));
        }
        Set<Integer> numbers = new HashSet<>();
        Set<String> names = new HashSet<>();
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<MachineSpec> made : executor.invokeAll(tasks)) {
                numbers.add(made.get().number());
                names.add(made.get().name());
            }
        }
        assertEquals(24, numbers.size());
        assertEquals(24, names.size());
        assertFalse(numbers.contains(1), "number 1 has the gateway's address");
        one.remove("rush");
        int free = 2;
        numbers.remove(free);
        assertTrue(one.create(request("again", "x")).number() < 26, "numbers are used again");
    }

    @Test
    void clearsWhatAKilledPredecessorLeft() throws Exception {
        store().create(request("kept", "x"));
        Path machines = folder.resolve("machines");
        Files.createDirectories(machines.resolve(".new-half-1-1/sub"));
        Files.writeString(machines.resolve(".new-half-1-1/sub/spec.json"), "{");
        Files.createDirectories(machines.resolve(".gone-old-1-2"));
        Path outside = Files.writeString(folder.resolve("precious"), "x");
        Files.createSymbolicLink(machines.resolve(".gone-old-1-2/link"), outside);
        MachineStore store = store();
        assertEquals(List.of("kept"), store.names());
        assertFalse(Files.exists(machines.resolve(".new-half-1-1")));
        assertFalse(Files.exists(machines.resolve(".gone-old-1-2")));
        assertTrue(Files.exists(outside), "links are removed, not followed");
    }

    @Test
    void damageIsAFailureThatNamesTheFile() throws Exception {
        MachineStore store = store();
        store.create(request("web", "x"));
        Path spec = folder.resolve("machines/web/spec.json");
        String good = Files.readString(spec);
        for (String bad : List.of("", "{", "null", "[]", "{}", good.replace("\"schema\":1", "\"schema\":99"),
                good.replace("\"web\"", "\"other\""), good.replace("\"memoryMiB\":256", "\"memoryMiB\":-1"),
                good.replace("\"protocol\":\"tcp\"", "\"protocol\":\"icmp\""))) {
            Files.writeString(spec, bad);
            Failure failure = assertThrows(Failure.class, () -> store.folder("web").readSpec(), bad);
            assertTrue(failure.getMessage().contains("spec.json"), bad + ": " + failure.getMessage());
            assertEquals(bad.contains("99") ? Failure.Kind.BAD_INPUT : Failure.Kind.UNTRUSTED, failure.kind(), bad);
        }
        Files.delete(spec);
        assertTrue(assertThrows(Failure.class, () -> store.folder("web").readSpec()).getMessage().contains("missing"));
        assertEquals(List.of("web"), store.names(), "the name stays taken");
    }

    @Test
    void unknownFieldsOfALaterVersionAreIgnored() throws Exception {
        MachineStore store = store();
        MachineSpec made = store.create(request("web", "x"));
        Path spec = folder.resolve("machines/web/spec.json");
        Files.writeString(spec, Files.readString(spec).replaceFirst("\\{", "{\"colour\":\"red\","));
        assertEquals(made, store.folder("web").readSpec());
    }
}
