package eu.mikelangelo.cli.machine;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "wait", description = {"Wait until a machine ends.",
    "Prints the application's exit code, and exits with it."},
        footer = {"  mike run -d ./batch-job && mike wait batch-job"})
public final class WaitCommand extends Verb.WithJson {
    @Parameters(paramLabel = "NAME", description = "The machine.")
    String name;

    public WaitCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        Fields end = context.agent().with(agent -> await(agent, name));
        if (json) {
            printJson(end);
        } else if (end.has("exitCode")) {
            print(Long.toString(end.integer("exitCode", 0)));
        }
        return exitCode(name, end);
    }

    static Fields await(ApiClient agent, String name) throws IOException {
        return agent.get("/v1/machines/" + ApiClient.encode(name) + "/wait");
    }

    /** The application's exit code. @throws Failure GUEST when the machine failed and none is known */
    static int exitCode(String name, Fields end) {
        if (end.has("exitCode")) {
            return (int) end.integer("exitCode", 0);
        }
        throw new Failure(Failure.Kind.GUEST, "machine " + name + " failed: " + end.string("reason", "no reason known"),
                "mike logs " + name + " and mike logs --kernel " + name + " may tell more");
    }
}
