package eu.mikelangelo.cli.io;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.PlaneSocket;
import eu.mikelangelo.cli.Context;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Whose counters: those of the agent's plane, or of one in the foreground. */
final class IoSource {
    @Option(names = "--control", paramLabel = "SOCKET",
            description = "Ask the plane at this control socket (mike io serve --control), not the agent's.")
    Path control;

    Fields stats(Context context, String port) throws IOException {
        String path = "/v1/io/stats" + (port.isEmpty() ? "" : "?port=" + ApiClient.encode(port));
        return control != null ? plane(context).stats(port) : context.agent().with(agent -> agent.get(path));
    }

    PlaneSocket plane(Context context) {
        return new PlaneSocket(context.folder().resolve(control), "mike");
    }
}
