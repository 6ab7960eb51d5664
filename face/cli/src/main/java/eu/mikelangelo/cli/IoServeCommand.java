package eu.mikelangelo.cli;

import eu.mikelangelo.agent.api.Launch;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "serve", description = {"%nRun the I/O plane in the foreground, without agent and machines.",
    "All ports share one switch. With \",server\" the plane listens on the socket, without it connects and reconnects.",
    "Prints \"ready\"; SIGTERM ends it."}, optionListHeading = "%nOptions:%n",
        parameterListHeading = "%nParameters:%n", footerHeading = "%nExamples:%n",
        footer = {"  mike io serve --net /tmp/a/net0.sock,server", "  mike io serve --net /tmp/a/net0.sock --net /tmp/a/net1.sock"})
final class IoServeCommand extends Verb {
    @Parameters(paramLabel = "OPTION", arity = "0..*", description = "--net SOCKET[,server], as often as needed.")
    List<String> options = new ArrayList<>();

    IoServeCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() {
        List<String> command = new ArrayList<>(context.launch().planeJvm());
        command.add("serve");
        command.addAll(options);
        throw Exec.replace(command, Launch.environment(context.env()));
    }
}
