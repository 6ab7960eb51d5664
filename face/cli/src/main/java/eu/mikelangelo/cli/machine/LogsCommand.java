package eu.mikelangelo.cli.machine;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.agent.api.HttpExchange;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import java.io.InputStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "logs", description = "Show what the application of a machine has written.",
        footer = {"  mike logs memcached", "  mike logs -f --tail 20 web     and go on as more comes",
            "  mike logs --kernel web         the guest's kernel"})
public final class LogsCommand extends Verb {
    @Option(names = {"-f", "--follow"}, description = "Go on until the machine ends.")
    boolean follow;

    @Option(names = "--tail", paramLabel = "N", description = "Begin with the last N lines.")
    int tail = -1;

    @Option(names = "--kernel", description = "The kernel's messages instead.")
    boolean kernel;

    @Parameters(paramLabel = "NAME", description = "The machine.")
    String name;

    public LogsCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        String path = "/v1/machines/" + ApiClient.encode(name) + "/logs?follow=" + follow + "&kernel=" + kernel
                + (tail >= 0 ? "&tail=" + tail : "");
        try (HttpExchange exchange = context.agent().with(agent -> agent.open("GET", path, null))) {
            InputStream body = exchange.body();
            byte[] block = new byte[16 << 10];
            // A reader that went away (head) ends it, as it does cat; a print stream would never say so.
            for (int n = body.read(block); n >= 0 && !context.out().checkError(); n = body.read(block)) {
                context.out().write(block, 0, n);
                context.out().flush();
            }
        }
        context.out().flush();
        return OK;
    }
}
