package eu.mikelangelo.cli;

import eu.mikelangelo.agent.api.Json;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What every command has. {@code call()} returns the exit code; failures are thrown. */
abstract class Verb implements Callable<Integer> {
    static final int OK = 0;
    /** Wrong usage, as in sysexits.h. */
    static final int USAGE = 64;

    @Spec
    CommandSpec spec;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help and exit.")
    boolean help;

    final Context context;

    Verb(Context context) {
        this.context = context;
    }

    void print(String line) {
        context.out().println(line);
    }

    void printJson(Object json) {
        context.out().println(Json.pretty(json));
    }

    /** A command that also speaks JSON. */
    abstract static class WithJson extends Verb {
        @Option(names = "--json", description = "Print the result as JSON.")
        boolean json;

        WithJson(Context context) {
            super(context);
        }
    }
}
