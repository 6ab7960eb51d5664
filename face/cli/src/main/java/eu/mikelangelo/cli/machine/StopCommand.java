package eu.mikelangelo.cli.machine;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.cli.Context;
import java.io.IOException;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "stop", description = {"Stop machines gracefully.",
    "The application gets SIGTERM, and SIGKILL when its grace is over; then the machine powers off."},
        footer = {"  mike stop memcached", "  mike stop -t 60 db1 db2"})
public final class StopCommand extends OnMachines {
    @Option(names = {"-t", "--time"}, paramLabel = "SECONDS", description = "The grace (default: the image's, or 10).")
    Integer seconds;

    public StopCommand(Context context) {
        super(context);
    }

    @Override
    void on(ApiClient agent, String name, String path) throws IOException {
        agent.call("POST", path + "/stop", seconds == null ? Map.of() : Map.of("graceSeconds", seconds));
    }
}
