package eu.mikelangelo.agent.http;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.service.ImageService;
import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * {@code /v1/images…}; see docs/api.md. One image is named by the next segment, or by the query's {@code reference},
 * for a file's path has slashes.
 */
public final class ImageRoutes implements ApiHandler.Route {
    private final ImageService images;

    public ImageRoutes(ImageService images) {
        this.images = images;
    }

    @Override
    public void answer(Exchange exchange, String[] path) throws IOException {
        String reference = path.length > 1 ? path[1] : exchange.query("reference");
        switch (exchange.method() + (reference.isEmpty() ? "" : " one")) {
            case "GET" -> exchange.answer(Map.of("images", images.list()));
            case "POST" -> compose(exchange);
            case "GET one" -> exchange.answer(images.inspect(reference));
            case "DELETE one" -> {
                images.remove(reference);
                exchange.answer(Map.of("removed", reference));
            }
            default -> throw ApiHandler.notFound(exchange.method() + " on images");
        }
    }

    private void compose(Exchange exchange) throws IOException {
        Fields body = exchange.body().only(Set.of("source", "name", "output", "refresh"));
        String source = body.required("source");
        Optional<String> name = Optional.of(body.string("name", "")).filter(text -> !text.isEmpty());
        Optional<Path> output = Optional.of(body.string("output", "")).filter(text -> !text.isEmpty())
                .map(ImageRoutes::absolute);
        boolean refresh = body.flag("refresh");
        exchange.events(progress -> images.compose(source, name, output, refresh, progress));
    }

    private static Path absolute(String text) {
        if (!text.startsWith("/") || text.indexOf('\0') >= 0) {
            throw new Failure(Failure.Kind.BAD_INPUT, "\"output\" must be an absolute path", "");
        }
        return Path.of(text).normalize();
    }
}
