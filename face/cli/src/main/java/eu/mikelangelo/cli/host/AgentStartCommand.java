package eu.mikelangelo.cli.host;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import picocli.CommandLine.Command;

@Command(name = "start", description = "Start the agent if it does not run.", footer = "  mike agent start")
public final class AgentStartCommand extends Verb.WithJson {
    public AgentStartCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        // /v1/plane refuses another build's client, so this replaces an old agent as any command does.
        Fields about = context.agent().with(agent -> {
            agent.get("/v1/plane");
            return agent.get("/v1");
        });
        if (json) {
            printJson(about);
        } else {
            print("agent " + about.integer("pid", 0) + ", version " + about.string("version", "?"));
        }
        return OK;
    }
}
