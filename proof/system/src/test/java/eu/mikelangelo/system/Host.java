package eu.mikelangelo.system;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What the host knows of a home's processes. */
final class Host {
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
        try {
            return new String(Files.readAllBytes(Path.of("/proc/" + pid + "/cmdline")), StandardCharsets.ISO_8859_1)
                    .replace('\0', ' ');
        } catch (IOException e) {
            return "";
        }
    }

    /** The number in a .pid file of the home's run folder when that process lives and its line has the word; else 0. */
    static long daemon(Mike of, String file, String word) {
        try {
            long pid = Long.parseLong(Files.readString(of.home().resolve("run").resolve(file)).strip());
            return commandLine(pid).contains(word) ? pid : 0;
        } catch (IOException | NumberFormatException e) {
            return 0;
        }
    }

    static int openFiles(long pid) throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            return (int) files.count();
        }
    }

    /** Resident memory in MiB (proc(5): VmRSS, in kB). */
    static int residentMib(long pid) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Integer.parseInt(line.replaceAll("\\D", "")) / 1024;
            }
        }
        return 0;
    }
}
