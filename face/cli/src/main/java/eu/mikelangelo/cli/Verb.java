package eu.mikelangelo.cli;

import eu.mikelangelo.agent.api.Json;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What every command has. {@code call()} returns the exit code; failures are thrown. */
public abstract class Verb implements Callable<Integer> {
    public static final int OK = 0;
    /** Wrong usage, as in sysexits.h. */
    public static final int USAGE = 64;

    @Spec
    public CommandSpec spec;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help and exit.")
    boolean help;

    public final Context context;

    public Verb(Context context) {
        this.context = context;
    }

    public void print(String line) {
        context.out().println(line);
    }

    public void printJson(Object json) {
        context.out().println(Json.pretty(json));
    }

    /** A command that also speaks JSON. */
    public abstract static class WithJson extends Verb {
        @Option(names = "--json", description = "Print the result as JSON.")
        public boolean json;

        public WithJson(Context context) {
            super(context);
        }
    }
}
