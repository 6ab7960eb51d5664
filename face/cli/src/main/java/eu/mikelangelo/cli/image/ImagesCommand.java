package eu.mikelangelo.cli.image;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.Sizes;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Show;
import eu.mikelangelo.cli.Table;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "images", description = {"List the images of this host.",
    "SIZE is the image's own; the kernel is stored once for all."}, footer = {"  mike images", "  mike images --json"})
public final class ImagesCommand extends Verb.WithJson {
    @Option(names = {"-q", "--quiet"}, description = "Print names only.")
    boolean quiet;

    public ImagesCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        List<Fields> images = context.agent().with(agent -> agent.get("/v1/images")).objects("images");
        if (json) {
            printJson(images.stream().map(Fields::members).toList());
            return OK;
        }
        if (quiet) {
            images.stream().map(image -> image.string("name", "")).filter(name -> !name.isEmpty()).forEach(this::print);
            return OK;
        }
        Table table = new Table("NAME", "VERSION", "IMAGE", "SIZE", "KERNEL");
        for (Fields image : images) {
            table.row(image.string("name", "-"), image.string("version", "-"), Show.digest(image.string("sha256", "")),
                    Sizes.human(image.integer("size", 0)), image.string("kernel",
                    image.string("damage", "").isEmpty() ? "-" : "damaged"));
        }
        table.print(context);
        return OK;
    }
}
