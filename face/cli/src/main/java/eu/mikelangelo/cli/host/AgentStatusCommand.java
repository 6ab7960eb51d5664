package eu.mikelangelo.cli.host;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import java.util.Map;
import picocli.CommandLine.Command;

@Command(name = "status", description = {"Say whether agent and plane run; starts nothing.",
    "Exit code 0: the agent runs; 69: it does not."}, footer = {"  mike agent status", "  mike agent status --json"})
public final class AgentStatusCommand extends Verb.WithJson {
    private static final int ABSENT = 69;

    public AgentStatusCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        Fields about;
        try {
            about = context.agent().present().get("/v1");
        } catch (IOException e) {
            // Refused, or broken off in the middle by an agent on its way out: both are down.
            if (json) {
                printJson(Map.of("state", "down"));
            } else {
                print("agent: down");
            }
            return ABSENT;
        }
        if (json) {
            printJson(about);
            return OK;
        }
        Fields plane = about.object("plane");
        print("agent: up, process " + about.integer("pid", 0) + ", version " + about.string("version", "?") + ", build "
                + about.string("build", "?"));
        print("plane: " + plane.string("state", "?")
                + (plane.has("pid") ? ", process " + plane.integer("pid", 0) : ""));
        return OK;
    }
}
