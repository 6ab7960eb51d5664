package eu.mikelangelo.cli.image;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "rm", description = "Remove images from the store. Machines made of them keep running.",
        footer = "  mike image rm memcached")
public final class ImageRmCommand extends Verb {
    @Parameters(paramLabel = "IMAGE", arity = "1..*", description = "Names, or beginnings of digests.")
    List<String> references = new ArrayList<>();

    public ImageRmCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        for (String reference : references) {
            String path = "/v1/images?reference=" + ApiClient.encode(reference);
            context.agent().with(agent -> agent.call("DELETE", path, null));
            print(reference);
        }
        return OK;
    }
}
