package eu.mikelangelo.cli;

import eu.mikelangelo.agent.api.ApiClient;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "rm", description = "Remove machines and their logs. Images stay.",
        footer = {"  mike rm memcached", "  mike rm -f web     stops it first"})
final class RmCommand extends OnMachines {
    @Option(names = {"-f", "--force"}, description = "Stop it first if it runs.")
    boolean force;

    RmCommand(Context context) {
        super(context);
    }

    @Override
    void on(ApiClient agent, String name, String path) throws IOException {
        agent.call("DELETE", path + "?force=" + force, null);
    }
}
