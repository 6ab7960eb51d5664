package eu.mikelangelo.cli.machine;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.agent.api.Json;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Parameters;

/** Commands that do one thing to each machine named, go on after one that fails, and end with the first failure. */
abstract class OnMachines extends Verb.WithJson {
    @Parameters(paramLabel = "NAME", arity = "1..*", description = "The machines.")
    List<String> names = new ArrayList<>();

    OnMachines(Context context) {
        super(context);
    }

    abstract void on(ApiClient agent, String name, String path) throws IOException;

    @Override
    public Integer call() throws IOException {
        Failure first = null;
        List<String> done = new ArrayList<>();
        for (String name : names) {
            try {
                context.agent().with(agent -> {
                    on(agent, name, "/v1/machines/" + ApiClient.encode(name));
                    return null;
                });
                done.add(name);
                if (!json) {
                    print(name);
                }
            } catch (Failure failure) {
                if (first != null) {
                    context.complain(first.getMessage());
                }
                first = failure;
            }
        }
        if (json) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("done", done);
            context.out().println(Json.pretty(result));
        }
        if (first != null) {
            throw first;
        }
        return OK;
    }
}
