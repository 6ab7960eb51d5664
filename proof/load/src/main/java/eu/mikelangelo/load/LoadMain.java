package eu.mikelangelo.load;

import java.io.IOException;

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
}
