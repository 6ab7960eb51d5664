package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** What the host knows of a home's processes, ports and files. */
public final class Host {
    /** For what takes no time at all on a host that has nothing else to do. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private Host() { }

    /** Processes whose command line names something in this home and has the word in it. */
    static List<Long> processes(Mike of, String word) {
        List<Long> found = new ArrayList<>();
        ProcessHandle.allProcesses().forEach(process -> {
            String line = commandLine(process.pid());
            if (line.contains(of.home() + "/") && line.contains(word)) {
                found.add(process.pid());
            }
        });
        return found;
    }

    /** Words separated by spaces; empty when there is no such process. */
    static String commandLine(long pid) {
        return proc(pid, "cmdline").replace('\0', ' ');
    }

    /** Variables, each ended by a zero; empty when there is no such process or it is not ours. */
    static String environment(long pid) {
        return proc(pid, "environ");
    }

    /** A process may end while it is read: then reading fails with ESRCH, whatever open(2) said. */
    private static String proc(long pid, String file) {
        try {
            return new String(Files.readAllBytes(Path.of("/proc/" + pid + "/" + file)), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    /** Waits until it is true, at most 30 seconds. */
    public static void await(BooleanSupplier what, String otherwise) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!what.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(otherwise);
            }
            Thread.sleep(5);
        }
    }

    /** Waits until a process has ended, whether or not its parent has looked yet. */
    static void awaitEnd(long pid) {
        try {
            await(() -> ended(pid), "process " + pid + " does not end: " + commandLine(pid));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /**
     * The first thread of a process can be a zombie while others still hold its files and locks; the last one has
     * closed them (proc(5): State, Threads).
     */
    private static boolean ended(long pid) {
        String status = proc(pid, "status");
        return status.isEmpty() || status.contains("State:\tX")
                || status.contains("State:\tZ") && status.matches("(?s).*\nThreads:\t[01]\n.*");
    }

    static int openFiles(long pid) throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            return (int) files.count();
        }
    }

    /** Resident memory in MiB (proc(5): VmRSS, in kB). */
    static int residentMib(long pid) {
        for (String line : proc(pid, "status").lines().toList()) {
            if (line.startsWith("VmRSS:")) {
                return Integer.parseInt(line.replaceAll("\\D", "")) / 1024;
            }
        }
        return 0;
    }

    /** All that a server on loopback says to this request, until it closes the connection. */
    public static String talk(int port, String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    /** memcached on this port says its version within that time. */
    public static void answers(int port, Duration limit) throws InterruptedException {
        IOException last = null;
        long deadline = System.nanoTime() + limit.toNanos();
        while (System.nanoTime() < deadline) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.setSoTimeout(3_000);
                socket.getOutputStream().write("version\r\n".getBytes(StandardCharsets.US_ASCII));
                if (new String(socket.getInputStream().readNBytes(7), StandardCharsets.US_ASCII).equals("VERSION")) {
                    return;
                }
            } catch (IOException e) {
                last = e;
            }
            Thread.sleep(50);
        }
        throw new AssertionError("no answer on port " + port + " in " + limit, last);
    }

    static boolean free(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException e) {
            return false;
        }
    }

    /** No machine, no process but agent and plane, these ports free, nothing half made. */
    static void nothingIsLeft(Mike of, String what, int... ports) throws IOException {
        assertEquals(0, of.run("ps", "-a", "--json").json().size(), what);
        assertEquals(List.of(), leftBehind(of, "Main", ports), what);
    }

    /**
     * What ended machines left: processes, files, ports.
     *
     * @param but processes that may be there: those whose command line has this in it; empty: none may
     */
    static List<String> leftBehind(Mike of, String but, int... ports) throws IOException {
        List<String> left = new ArrayList<>();
        for (long pid : processes(of, "")) {
            String line = commandLine(pid);
            if (!line.isEmpty() && (but.isEmpty() || !line.contains(but))) {
                left.add("left behind: process " + pid + " " + line);
            }
        }
        for (String folder : new String[] {"machines", "run/m"}) {
            if (Files.exists(of.home().resolve(folder))) {
                try (Stream<Path> files = Files.list(of.home().resolve(folder))) {
                    files.filter(file -> !file.getFileName().toString().equals(".lock"))
                            .forEach(file -> left.add("left behind: file " + file));
                }
            }
        }
        for (int port : ports) {
            if (!free(port)) {
                left.add("left behind: port " + port);
            }
        }
        return left;
    }
}
