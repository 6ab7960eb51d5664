package eu.mikelangelo.cli.host;

import eu.mikelangelo.agent.api.Launch;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Verb;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "serve", description = {"Run the I/O plane in the foreground, without agent and machines.",
    "All ports share one switch. With \",server\" the plane listens on the socket, without it connects and reconnects.",
    "With --control it tells its statistics at that socket: mike io top --control.",
    "Prints \"ready\"; SIGTERM ends it."}, footer = {"  mike io serve --net /run/vm/net0.sock,server",
            "  mike io serve --net /run/vm/a.sock --net /run/vm/b.sock",
            "  mike io serve --net /run/vm/a.sock --tap tap0 --interface eth1",
            "  mike io serve --net /run/vm/a.sock,server --control /run/vm/plane.sock"})
public final class IoServeCommand extends Verb {
    @Parameters(paramLabel = "OPTION", arity = "0..*",
            description = {"--net SOCKET[,server][,sealed], a machine's card;",
                "--tap NAME, a TAP device of the host, made when there is none;",
                "--interface NAME, a network card of the host (needs CAP_NET_RAW); each as often as needed;",
                "--cpu N: the CPU that the switch has to itself;",
                "--control SOCKET: where it tells its statistics."})
    List<String> options = new ArrayList<>();

    public IoServeCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() {
        List<String> command = new ArrayList<>(context.launch().planeJvm());
        command.addAll(List.of("io", "serve"));
        command.addAll(options);
        throw Exec.replace(command, Launch.environment(context.env()));
    }
}
