package eu.mikelangelo.machines;

import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.host.ProcessId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Where the files of one machine lie; see "Files of a machine" in ARCHITECTURE.md. A value; reads and writes are safe
 * against a kill, not against two writers.
 *
 * @param folder {@code machines/<name>}
 */
public record MachineFolder(Path folder) {
    /** Files we wrote ourselves; more is damage. */
    private static final long MOST_JSON_BYTES = 4 * 1024 * 1024;
    private static final System.Logger LOG = System.getLogger(MachineFolder.class.getName());
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            // A newer schema may have more fields; the schema number decides whether we may go on.
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    public String name() {
        return folder.getFileName().toString();
    }

    public Path initrd() {
        return folder.resolve("initrd");
    }

    public Path consoleLog() {
        return folder.resolve("console.log");
    }

    public Path kernelLog() {
        return folder.resolve("kernel.log");
    }

    public Path statusLog() {
        return folder.resolve("status.log");
    }

    public Path qemuLog() {
        return folder.resolve("qemu.log");
    }

    public Path passtLog() {
        return folder.resolve("passt.log");
    }

    private Path spec() {
        return folder.resolve("spec.json");
    }

    private Path state() {
        return folder.resolve("state.json");
    }

    void write(MachineSpec spec) throws IOException {
        Durable.write(spec(), JSON.writeValueAsString(spec));
    }

    void write(MachineState state) throws IOException {
        Durable.write(state(), JSON.writeValueAsString(state));
    }

    /** @throws Failure UNTRUSTED missing or damaged; BAD_INPUT of another Mikelangelo; UNAVAILABLE not readable now */
    public MachineSpec readSpec() {
        MachineSpec spec = read(spec(), MachineSpec.class);
        if (spec.schema() < 1 || spec.schema() > MachineSpec.SCHEMA) {
            checkSchema(spec(), spec.schema(), MachineSpec.SCHEMA);
        }
        if (spec.name() == null || !spec.name().equals(name()) || spec.image() == null
                || spec.kernel() == null) {
            throw damaged(spec(), "name " + spec.name(), null);
        }
        return spec;
    }

    /** @throws Failure likewise */
    public MachineState readState() {
        MachineState state = read(state(), MachineState.class);
        checkSchema(state(), state.schema(), MachineState.SCHEMA);
        if (state.phase() == null || state.reason() == null || state.accelerator() == null) {
            throw damaged(state(), "a value is missing", null);
        }
        return state;
    }

    private static void checkSchema(Path file, int schema, int ours) {
        if (schema != ours) {
            throw new Failure(Failure.Kind.BAD_INPUT, "cannot read " + file + ": it is of schema " + schema
                    + ", this program knows " + ours, "another Mikelangelo wrote it: use that one");
        }
    }

    /** What stands for a spec of files that cannot be read: the machine is listed and can only be removed. */
    MachineSpec unreadable(Failure why) {
        String gone = "unknown: " + why.getMessage();
        // The last number is nobody's: sockets and address follow from it.
        return new MachineSpec(MachineSpec.schema(""), name(), MachineSpec.LAST_NUMBER,
                new MachineSpec.Image("?", "", gone), new MachineSpec.Kernel("?", "", gone),
                MachineSpec.LEAST_MEMORY_MIB, 1, List.of(), Map.of(), List.of(), List.of(), 0, Instant.EPOCH);
    }

    /**
     * What is known of a machine whose state is damaged: its QEMU, when one runs, is taken over; else it FAILED. The
     * damaged file is kept as {@code state.json.damaged}.
     */
    MachineState recovered(Sockets sockets, Failure why) {
        ProcessId qemu = sockets.qemu();
        Instant now = Instant.now();
        MachineState state = qemu == null ? failed(why, now) : new MachineState(MachineState.SCHEMA,
                MachineState.Phase.STARTING, qemu, sockets.passtProcess(), "", false, null, "", now, now);
        try {
            if (Files.exists(state())) {
                Files.copy(state(), folder.resolve("state.json.damaged"), StandardCopyOption.REPLACE_EXISTING);
            }
            write(state);
        } catch (IOException e) {
            // A full disk must not keep the other machines' agent from starting; a successor recovers again.
            LOG.log(System.Logger.Level.ERROR, "cannot write the state of " + name() + ": " + e.getMessage());
        }
        return state;
    }

    /** What stands for a state of files that cannot be read. @param qemu runs nevertheless; null for none */
    MachineState unreadable(Failure why, ProcessId qemu) {
        MachineState failed = failed(why, Instant.now());
        return qemu == null ? failed : new MachineState(MachineState.SCHEMA, MachineState.Phase.FAILED, qemu, null, "",
                false, null, failed.reason() + "; its QEMU (process " + qemu.pid() + ") runs: mike rm -f " + name()
                + " ends it", null, failed.since());
    }

    private static MachineState failed(Failure why, Instant now) {
        return new MachineState(MachineState.SCHEMA, MachineState.Phase.FAILED, null, null, "", false, null,
                why.getMessage(), null, now);
    }

    private static <T> T read(Path file, Class<T> type) {
        try {
            if (Files.size(file) > MOST_JSON_BYTES) {
                throw damaged(file, "it has more than " + MOST_JSON_BYTES + " bytes", null);
            }
            T value = JSON.readValue(Files.readAllBytes(file), type);
            if (value == null) {
                throw damaged(file, "it is empty", null);
            }
            return value;
        } catch (NoSuchFileException e) {
            throw damaged(file, "it is missing", e);
        } catch (JacksonException e) {
            throw damaged(file, e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "cannot read " + file + ": " + e.getMessage(),
                    "too many open files, or no permission? Then start the agent again", e);
        }
    }

    private static Failure damaged(Path file, String why, Throwable cause) {
        return new Failure(Failure.Kind.UNTRUSTED, "cannot read " + file + ": " + why,
                "it is damaged; mike rm removes the machine", cause);
    }

    /** The last lines of a log, printable characters only; "" when there is none. */
    public static String tail(Path log, int lines) {
        int most = 8192;
        try (var channel = Files.newByteChannel(log)) {
            long size = channel.size();
            channel.position(Math.max(0, size - most));
            java.nio.ByteBuffer buffer = java.nio.ByteBuffer.allocate(most);
            while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
                // until the end of the file or the buffer
            }
            String text = new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8)
                    .replaceAll("\u001b\\[[0-9;?]*[A-Za-z]", "")
                    .replaceAll("[\\p{Cntrl}&&[^\\n\\t]]", "").stripTrailing();
            String[] all = text.split("\n");
            int from = Math.max(0, all.length - lines);
            return String.join("\n", java.util.Arrays.asList(all).subList(from, all.length)).strip();
        } catch (IOException e) {
            return "";
        }
    }
}
