package eu.mikelangelo.cli.machine;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.ProgressLine;
import eu.mikelangelo.cli.Show;
import java.io.IOException;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "start", description = {"Start machines that ended, and return when they are ready.",
    "A machine starts from its image: what it wrote in its last life is gone."},
        footer = {"  mike start memcached", "  mike start --wait 300 db"})
public final class StartCommand extends OnMachines {
    @Option(names = "--wait", paramLabel = "SECONDS", defaultValue = "60",
            description = "How long it may take until every published port is listened on (default: 60).")
    int seconds;

    public StartCommand(Context context) {
        super(context);
    }

    @Override
    void on(ApiClient agent, String name, String path) throws IOException {
        long start = System.nanoTime();
        Fields machine;
        try (ProgressLine progress = new ProgressLine(context)) {
            machine = agent.stream("POST", path + "/start", Map.of("detach", true, "waitSeconds", seconds), progress);
        }
        if (!json) {
            Show.ready(context, machine, System.nanoTime() - start);
        }
    }
}
