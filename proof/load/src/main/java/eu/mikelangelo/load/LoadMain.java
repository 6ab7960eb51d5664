package eu.mikelangelo.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The command; see {@link LoadOptions#HELP}. */
public final class LoadMain {
    private LoadMain() {}

    /** Runs and exits. */
    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    /** @return the exit code: 0 clean, 1 not, 64 wrong usage, 69 no server */
    static int run(String[] arguments) {
        for (String argument : arguments) {
            if (argument.equals("--help") || argument.equals("-h")) {
                System.out.print(LoadOptions.HELP);
                return 0;
            }
        }
        if (Arrays.equals(arguments, new String[] {"--batch"})) {
            return batch(System.in, System.out);
        }
        LoadOptions options;
        try {
            options = LoadOptions.parse(arguments);
        } catch (IllegalArgumentException wrong) {
            System.err.println("load: " + wrong.getMessage());
            return 64;
        }
        try (Load load = new Load(options)) {
            Report report = load.run();
            System.out.print(options.json() ? report.json() + System.lineSeparator() : report.table());
            return report.tally().clean() ? 0 : 1;
        } catch (IOException failed) {
            System.err.println("load: " + failed.getMessage());
            return 69;
        }
    }

    /** Answers each line: a report, or {"failed":"..."}. @return the exit code: 0 clean, 1 not */
    static int batch(InputStream in, PrintStream out) {
        int code = 0;
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                try (Load load = new Load(LoadOptions.parse(line.strip().split(" +")))) {
                    Report report = load.run();
                    out.println(report.json());
                    code |= report.tally().clean() ? 0 : 1;
                } catch (IOException | IllegalArgumentException failed) {
                    out.println("{\"failed\":" + Report.quoted(String.valueOf(failed.getMessage())) + "}");
                    code = 1;
                }
                out.flush();
            }
        } catch (IOException broken) {
            System.err.println("load: " + broken.getMessage());
            code = 1;
        }
        return code;
    }
}
