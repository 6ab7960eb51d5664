package eu.mikelangelo.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "mike", synopsisSubcommandLabel = "COMMAND", description = "Applications as lightweight machines.",
        footer = {
            "  mike run -d memcached -p 11211    a Debian package becomes a machine that serves",
            "  mike run ./examples/hello         an application of one's own; its exit code is mike's",
            "  mike ps                           what runs",
            "  mike rm -f memcached              stop it and remove it",
            "",
            "mike COMMAND --help explains a command; docs/cli.md lists the exit codes."})
final class MikeCommand extends Verb {
    /** Every command may be told to ask nothing; the launcher acts on it. */
    @Option(names = "--yes", hidden = true)
    boolean yes;

    MikeCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() {
        spec.commandLine().usage(context.err());
        return USAGE;
    }
}
