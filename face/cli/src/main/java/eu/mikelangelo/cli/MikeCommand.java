package eu.mikelangelo.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "mike", synopsisSubcommandLabel = "COMMAND", description = "Applications as lightweight machines.",
        footer = {
            "  mike run -d memcached -p 11211   a Debian package as a machine that serves",
            "  mike run ./examples/hello        an application of one's own, as a command",
            "  mike ps                          what runs",
            "  mike rm -f memcached             stop it and remove it",
            "",
            "mike COMMAND --help explains a command; docs/cli.md has exit codes and settings."})
final class MikeCommand extends Verb {
    /** Every command may be told to ask nothing; the launcher acts on it. */
    @Option(names = "--yes", hidden = true)
    boolean yes;

    /** {@link Main} turns it into the command of that name; here it is for the help. */
    @Option(names = {"-V", "--version"}, description = "Show the version and exit.")
    boolean version;

    MikeCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() {
        spec.commandLine().usage(context.err());
        return USAGE;
    }
}
