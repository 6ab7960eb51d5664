package eu.mikelangelo.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a figure depends on: processor, kernel, JDK, QEMU. */
final class HostFacts {
    private HostFacts() { }

    static void print(PrintStream out) throws IOException, InterruptedException {
        String model = Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name")).findFirst()
                .orElse("model name: unknown").replaceAll("^[^:]*:\\s*", "");
        out.println("cpu: " + Runtime.getRuntime().availableProcessors() + " x " + model);
        out.println("kernel: " + System.getProperty("os.version"));
        out.println("jdk: " + System.getProperty("java.vendor") + " " + System.getProperty("java.version"));
        out.println("qemu: " + first("qemu-system-x86_64", "--version"));
        out.println("load: " + Files.readString(Path.of("/proc/loadavg")).strip());
    }

    private static String first(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes());
        process.waitFor();
        return text.lines().findFirst().orElse("?");
    }
}
