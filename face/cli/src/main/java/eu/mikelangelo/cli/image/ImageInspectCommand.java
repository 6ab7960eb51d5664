package eu.mikelangelo.cli.image;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "inspect", description = "Show an image's manifest: kernel, start, sources, segments; as JSON.",
        footer = {"  mike image inspect memcached", "  mike image inspect ./hello.img"})
public final class ImageInspectCommand extends Verb.WithJson {
    @Parameters(paramLabel = "IMAGE", description = "A name, the beginning of a digest, or a file.")
    String reference;

    public ImageInspectCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        Fields image = context.agent().with(agent ->
                agent.get("/v1/images?reference=" + ApiClient.encode(context.source(reference))));
        printJson(image);
        return OK;
    }
}
