package eu.mikelangelo.cli.machine;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.cli.Context;
import java.io.IOException;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "kill", description = "End machines at once, or send a signal to their applications.",
        footer = {"  mike kill web", "  mike kill -s HUP web     reload nginx"})
public final class KillCommand extends OnMachines {
    @Option(names = {"-s", "--signal"}, paramLabel = "SIGNAL", defaultValue = "KILL",
            description = "A name or number; KILL (the default) ends the machine.")
    String signal;

    public KillCommand(Context context) {
        super(context);
    }

    @Override
    void on(ApiClient agent, String name, String path) throws IOException {
        agent.call("POST", path + "/kill", Map.of("signal", Signals.number(signal)));
    }
}
