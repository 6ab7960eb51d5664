package eu.mikelangelo.cli.image;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.Sizes;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.ProgressLine;
import eu.mikelangelo.cli.Show;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "compose", description = {"Make an image of a package or a folder.",
    "An image is one file: an initramfs with a manifest that names its kernel by digest."},
        footer = {"  mike compose ./examples/hello -o hello.img", "  mike compose memcached",
            "  mike compose nginx --name web --refresh"})
public final class ComposeCommand extends Verb.WithJson {
    @Option(names = {"-o", "--output"}, paramLabel = "FILE", description = "Also write the image to this file.")
    String output;

    @Option(names = {"-n", "--name"}, paramLabel = "NAME", description = "Name in the store (default: the package's).")
    String name;

    @Option(names = "--refresh", description = "Look for newer versions of packages and kernel.")
    boolean refresh;

    @Parameters(paramLabel = "SOURCE", description = "A package's name, or a folder with meta/package.yaml.")
    String source;

    public ComposeCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("source", context.source(source));
        request.put("refresh", refresh);
        if (name != null) {
            request.put("name", name);
        }
        if (output != null) {
            request.put("output", context.folder().resolve(output).normalize().toString());
        }
        Fields image;
        try (ProgressLine progress = new ProgressLine(context)) {
            image = context.agent().with(agent -> agent.stream("POST", "/v1/images", request, progress));
        }
        if (json) {
            printJson(image);
        } else {
            print(image.string("name", "") + "  " + Show.digest(image.string("sha256", "")) + "  "
                    + Sizes.human(image.integer("size", 0)) + (output == null ? "" : "  " + output));
        }
        return OK;
    }
}
