package eu.mikelangelo.cli.io;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.HttpExchange;
import eu.mikelangelo.agent.api.PlaneSocket;
import eu.mikelangelo.agent.api.Sizes;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Verb;
import eu.mikelangelo.cli.machine.Signals;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "capture", description = {"Mirror what a machine sends and receives, as a pcap file.",
    "Ends with Ctrl-C, a limit, or the machine. The file can be read while it grows.",
    "What the machine sends is seen as it sends it, also when a rule then drops it."},
        footer = {"  mike net capture web -w web.pcap", "  mike net capture web --count 100 -w - | tshark -r -",
            "  mike net capture web --bytes 96 --seconds 10 -w heads.pcap",
            "  mike net capture net0 --control /run/vm/plane.sock -w net0.pcap"})
public final class NetCaptureCommand extends Verb {
    private static final String STANDARD_OUTPUT = "-";

    @Option(names = {"-w", "--write"}, paramLabel = "FILE",
            description = "Where to: a file, or - for standard output (the default where that is no terminal).")
    String file;

    @Option(names = "--count", paramLabel = "N", description = "End after N frames.")
    long count;

    @Option(names = "--bytes", paramLabel = "N", description = "Keep the first N bytes of each frame (default: all).")
    int snap = PlaneSocket.WHOLE;

    @Option(names = "--seconds", paramLabel = "N", description = "End after N seconds.")
    long seconds;

    @Mixin
    IoSource source = new IoSource();

    @Parameters(paramLabel = "MACHINE", description = "The machine, or a port of the plane.")
    String machine;

    private volatile boolean stopped;
    private volatile HttpExchange exchange;
    private long lost;

    public NetCaptureCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        PlaneSocket.Limits limits = new PlaneSocket.Limits(snap, count, seconds);
        if (file == null && context.tty().out()) {
            throw new Failure(Failure.Kind.BAD_INPUT, "a capture is not for a terminal",
                    "name a file: mike net capture " + machine + " -w " + machine + ".pcap");
        }
        Signals.handle("INT", number -> stop());
        Signals.handle("TERM", number -> stop());
        boolean toFile = file != null && !file.equals(STANDARD_OUTPUT);
        PcapSink sink = new PcapSink(toFile ? new Later(context.folder().resolve(file)) : standardOutput());
        try (sink) {
            if (context.tty().err()) {
                context.say("capturing " + machine + "; Ctrl-C ends");
            }
            if (source.control != null) {
                lost = source.plane(context).capture(machine, limits, sink, () -> stopped).lost();
            } else {
                throughAgent(limits, sink);
            }
        } finally {
            if (sink.bytes() > 0) {
                context.say(sink.frames() + (sink.frames() == 1 ? " frame" : " frames") + ", "
                        + Sizes.human(sink.bytes()) + (toFile ? " in " + file : "")
                        + (lost == 0 ? "" : "; " + lost + " more were lost: try --bytes 96"));
            }
        }
        return OK;
    }

    private void throughAgent(PlaneSocket.Limits limits, PcapSink sink) throws IOException {
        long before = lostSoFar();
        String path = "/v1/io/ports/" + ApiClient.encode(machine) + "/capture?snap=" + limits.snap() + "&frames="
                + limits.frames() + "&seconds=" + limits.seconds();
        try (HttpExchange opened = context.agent().with(agent -> agent.open("GET", path, null))) {
            exchange = opened;
            InputStream body = opened.body();
            byte[] block = new byte[64 << 10];
            for (int n = body.read(block); n >= 0 && !stopped; n = body.read(block)) {
                sink.write(block, 0, n);
            }
        } catch (IOException e) {
            // Hanging up is how it is ended.
            if (!stopped) {
                throw e;
            }
        }
        lost = Math.max(0, lostSoFar() - before);
    }

    /** The port's counter; 0 for one that is gone, with what it counted. */
    private long lostSoFar() throws IOException {
        try {
            return source.stats(context, machine).objects("ports").stream().findFirst().orElse(Fields.empty())
                    .integer("captureLost", 0);
        } catch (Failure gone) {
            if (exchange == null) {
                throw gone;
            }
            return 0;
        }
    }

    private void stop() {
        stopped = true;
        HttpExchange open = exchange;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                // It is over already.
                return;
            }
        }
    }

    /** A reader that goes away (head, tshark -c) ends the capture as Ctrl-C does. */
    private OutputStream standardOutput() {
        return new FilterOutputStream(context.out()) {
            @Override
            public void write(byte[] from, int offset, int length) throws IOException {
                out.write(from, offset, length);
                if (context.out().checkError()) {
                    stop();
                }
            }

            @Override
            public void close() throws IOException {
                out.flush();
            }
        };
    }

    /** The file is made with the first bytes: a capture that cannot begin leaves what was there. For its owner only. */
    private static final class Later extends OutputStream {
        private final Path file;
        private OutputStream open;

        Later(Path file) {
            this.file = file;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
            if (open == null) {
                if (Files.notExists(file)) {
                    Files.createFile(file, PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------")));
                }
                open = Files.newOutputStream(file, Set.of(StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING).toArray(StandardOpenOption[]::new));
            }
            // One write of whole records: a stream of Files has no buffer.
            open.write(from, offset, length);
        }

        @Override
        public void close() throws IOException {
            if (open != null) {
                open.close();
            }
        }
    }
}
