package eu.mikelangelo.machines;

import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Home;
import eu.mikelangelo.machines.host.ProcessId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A machine's sockets, {@code run/m/<number>/}. Folders are 0700; for root they may be passed through (0711), because
 * passt becomes nobody and has a folder of its own in there, nobody's and root's group's (0770). The sockets in them
 * can be opened by their owner only.
 *
 * <p>Where AppArmor confines passt (Debian's profile), it may write below a home directory or /tmp and nowhere else:
 * its folder is then in ~/.cache, and under root it stays root, who alone can enter there.
 */
record Sockets(Path folder, Path passtFolder) {
    /** sockaddr_un.sun_path has 108 bytes, one of them for the NUL (unix(7)). */
    private static final int MOST_PATH_BYTES = 107;

    private static final Path APPARMOR = Path.of("/sys/module/apparmor/parameters/enabled");
    private static final Path PROFILE = Path.of("/etc/apparmor.d/usr.bin.passt");

    static Sockets of(Home home, int number) {
        return of(home, number, confined() ? Path.of(System.getProperty("user.home")) : null);
    }

    private static boolean confined() {
        try {
            return Files.exists(PROFILE) && Files.readString(APPARMOR).startsWith("Y");
        } catch (IOException e) {
            return false; // a kernel without AppArmor
        }
    }

    /** @param refuge home directory of the user when passt is confined to it, else null */
    static Sockets of(Home home, int number, Path refuge) {
        Path folder = home.run().resolve("m").resolve(String.valueOf(number));
        // Several homes (MIKE_HOME) of one user share ~/.cache: the name tells them apart, the same way after a
        // restart.
        String name = "%08x-%d".formatted(home.run().toString().hashCode(), number);
        Sockets sockets = new Sockets(folder, refuge == null ? folder.resolve("passt")
                : refuge.resolve(".cache/mikelangelo/passt").resolve(name));
        int length = sockets.passt().toString().getBytes(StandardCharsets.UTF_8).length;
        if (length > MOST_PATH_BYTES) {
            throw new Failure(Failure.Kind.BAD_INPUT, "the path of a socket, " + sockets.passt() + ", has " + length
                    + " bytes; Linux allows " + MOST_PATH_BYTES, "choose a shorter MIKE_HOME or XDG_RUNTIME_DIR");
        }
        return sockets;
    }

    Path qmp() {
        return folder.resolve("qmp.sock");
    }

    Path console() {
        return folder.resolve("console.sock");
    }

    Path control() {
        return folder.resolve("control.sock");
    }

    Path net() {
        return folder.resolve("net0.sock");
    }

    Path passt() {
        return passtFolder.resolve("passt.sock");
    }

    /**
     * Makes the folders anew, empty.
     *
     * @return whether passt may become nobody: it can reach its folder as such
     */
    boolean prepare(Home home) throws IOException {
        remove();
        Durable.privateFolder(folder);
        Durable.privateFolder(passtFolder);
        if (!System.getProperty("user.name").equals("root") || !passtFolder.startsWith(folder)) {
            return false;
        }
        for (Path part : new Path[] {folder, folder.getParent(), home.run()}) {
            Set<PosixFilePermission> modes = Files.getPosixFilePermissions(part);
            modes.addAll(Set.of(PosixFilePermission.GROUP_EXECUTE, PosixFilePermission.OTHERS_EXECUTE));
            Files.setPosixFilePermissions(part, modes);
        }
        for (Path part = folder; part != null; part = part.getParent()) {
            if (!Files.getPosixFilePermissions(part).contains(PosixFilePermission.OTHERS_EXECUTE)) {
                return false;
            }
        }
        // Debian 12's passt binds its socket as nobody; later ones while still root, but without the capability to
        // write into another's folder: those come in by the group.
        Files.setPosixFilePermissions(passtFolder, PosixFilePermissions.fromString("rwxrwx---"));
        Files.setOwner(passtFolder, folder.getFileSystem().getUserPrincipalLookupService()
                .lookupPrincipalByName("nobody"));
        return true;
    }

    /** Ends QEMU and passt processes that were started on these sockets; for those nobody wrote down in time. */
    void killUsers() {
        kill(Set.of(qemuWord(), passt().toString()));
    }

    private String qemuWord() {
        return "socket,id=qmp,path=" + qmp().toString().replace(",", ",,") + ",server=on,wait=off";
    }

    /** The QEMU that was started on these sockets and lives, or null. */
    ProcessId qemu() {
        return users(Set.of(qemuWord())).flatMap(process -> ProcessId.of(process.pid()).stream()).findFirst()
                .orElse(null);
    }

    /** The passt, likewise. */
    ProcessId passtProcess() {
        return users(Set.of(passt().toString())).flatMap(process -> ProcessId.of(process.pid()).stream()).findFirst()
                .orElse(null);
    }

    /** Ends QEMU and passt processes that have one of these words in their command line. */
    static void kill(Set<String> words) {
        users(words).forEach(ProcessHandle::destroyForcibly);
    }

    /** QEMU and passt processes that have one of these words in their command line. */
    static Stream<ProcessHandle> users(Set<String> words) {
        return ProcessHandle.allProcesses().filter(process -> uses(process, words));
    }

    private static boolean uses(ProcessHandle process, Set<String> words) {
        try {
            String line = Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"), StandardCharsets.ISO_8859_1);
            String[] argv = line.split("\0");
            return (argv[0].contains("qemu") || argv[0].contains("passt") || argv[0].contains("setsid"))
                    && List.of(argv).stream().anyMatch(words::contains);
        } catch (IOException e) {
            return false; // it ended, or is none of ours
        }
    }

    void remove() throws IOException {
        MachineStore.delete(passtFolder);
        MachineStore.delete(folder);
    }
}
