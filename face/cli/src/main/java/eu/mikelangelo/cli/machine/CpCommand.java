package eu.mikelangelo.cli.machine;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.agent.api.HttpExchange;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

@Command(name = "cp", description = "Copy a file into a machine or out of it.",
        footer = {"  mike cp nginx.conf web:/etc/nginx/nginx.conf", "  mike cp web:/var/log/nginx/access.log .",
            "  mike cp db:/etc/hosts -"})
public final class CpCommand extends Verb {
    @Parameters(index = "0", paramLabel = "FROM", description = "FILE, NAME:/PATH, or - for standard input.")
    String from;

    @Parameters(index = "1", paramLabel = "TO", description = "FILE or folder, NAME:/PATH, or - for standard output.")
    String to;

    public CpCommand(Context context) {
        super(context);
    }

    /** A path in a machine; null for a local one. */
    private record Remote(String machine, String path) {
        static Remote of(String text) {
            int colon = text.indexOf(':');
            return colon <= 0 || text.substring(0, colon).contains("/") ? null
                    : new Remote(text.substring(0, colon), text.substring(colon + 1));
        }

        String url() {
            return "/v1/machines/" + ApiClient.encode(machine) + "/files?path=" + ApiClient.encode(path);
        }
    }

    @Override
    public Integer call() throws IOException {
        Remote source = Remote.of(from);
        Remote target = Remote.of(to);
        if ((source == null) == (target == null)) {
            throw new ParameterException(spec.commandLine(), "one must be NAME:/PATH, the other a file here");
        }
        if (source != null) {
            out(source);
        } else {
            in(target);
        }
        return OK;
    }

    private void out(Remote source) throws IOException {
        try (HttpExchange exchange = context.agent().with(agent -> agent.open("GET", source.url(), null))) {
            if (to.equals("-")) {
                exchange.body().transferTo(context.out());
                context.out().flush();
                return;
            }
            Path local = context.folder().resolve(to);
            if (Files.isDirectory(local)) {
                local = local.resolve(source.path().substring(source.path().lastIndexOf('/') + 1));
            }
            Path temporary = local.resolveSibling("." + local.getFileName() + ".part");
            try (OutputStream file = Files.newOutputStream(temporary)) {
                exchange.body().transferTo(file);
            } catch (IOException e) {
                Files.deleteIfExists(temporary);
                throw e;
            }
            Files.move(temporary, local, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private void in(Remote target) throws IOException {
        Path local = context.folder().resolve(from);
        String path = target.path().endsWith("/") ? target.path() + local.getFileName() : target.path();
        try (InputStream file = from.equals("-") ? context.in() : Files.newInputStream(local);
             ApiClient.Upload upload = context.agent().with(agent -> agent.upload("PUT",
                     new Remote(target.machine(), path).url() + "&mode=" + (from.equals("-") ? "644" : mode(local))))) {
            byte[] block = new byte[64 << 10];
            for (int n = file.read(block); n >= 0; n = file.read(block)) {
                upload.write(block, n);
            }
            upload.finish();
        } catch (NoSuchFileException e) {
            throw new Failure(Failure.Kind.NOT_FOUND, "there is no file " + from, "", e);
        }
    }

    private static String mode(Path file) throws IOException {
        Set<PosixFilePermission> set = Files.getPosixFilePermissions(file);
        int mode = 0;
        PosixFilePermission[] all = PosixFilePermission.values();
        for (int i = 0; i < all.length; i++) {
            mode |= set.contains(all[i]) ? 0400 >> i : 0;
        }
        return String.format("%03o", mode);
    }
}
