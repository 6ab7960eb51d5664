package eu.mikelangelo.cli.machine;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.cli.Context;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "rm", description = "Remove machines and their logs. Images stay.",
        footer = {"  mike rm memcached", "  mike rm -f web     stops it first"})
public final class RmCommand extends OnMachines {
    @Option(names = {"-f", "--force"}, description = "Stop it first if it runs.")
    boolean force;

    public RmCommand(Context context) {
        super(context);
    }

    @Override
    void on(ApiClient agent, String name, String path) throws IOException {
        agent.call("DELETE", path + "?force=" + force, null);
    }
}
