package eu.mikelangelo.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Compares values of ours with what the C compiler of the machine makes of the same expressions. */
public final class CHeaders {
    private CHeaders() {}

    /** @param ours C expressions and the values that we use */
    public static void compare(Path folder, Map<String, Long> ours, String... headers)
            throws IOException, InterruptedException {
        StringBuilder program = new StringBuilder("#define _GNU_SOURCE\n#include <stddef.h>\n#include <stdio.h>\n");
        for (String header : headers) {
            program.append("#include <").append(header).append(">\n");
        }
        program.append("int main(void) {\n");
        ours.keySet().forEach(name -> program.append("printf(\"%lld\\n\", (long long)(")
                .append(name).append("));\n"));
        program.append("return 0; }\n");
        String[] printed = compileAndRun(folder, program.toString()).strip().split("\n");
        assertEquals(ours.size(), printed.length);
        int line = 0;
        for (Map.Entry<String, Long> entry : ours.entrySet()) {
            assertEquals(entry.getValue(), Long.parseLong(printed[line++]), entry.getKey());
        }
    }

    private static String compileAndRun(Path folder, String source) throws IOException, InterruptedException {
        Path gcc = Path.of("/usr/bin/gcc");
        assumeTrue(Files.isExecutable(gcc), "no /usr/bin/gcc: layouts are not compared with the kernel's headers");
        Path c = Files.writeString(folder.resolve("layout.c"), source);
        Path program = folder.resolve("layout");
        Path log = folder.resolve("gcc.log");
        Process compiler = new ProcessBuilder(gcc.toString(), "-o", program.toString(), c.toString())
                .redirectErrorStream(true).redirectOutput(log.toFile()).start();
        compiler.waitFor(60, TimeUnit.SECONDS);
        String messages = Files.readString(log);
        assumeTrue(!messages.contains("No such file or directory"), "no C headers: " + messages);
        assertEquals(0, compiler.exitValue(), messages);
        Process run = new ProcessBuilder(program.toString()).start();
        String text = new String(run.getInputStream().readAllBytes());
        assertEquals(0, run.waitFor());
        return text;
    }
}
