package eu.mikelangelo.agent;

import eu.mikelangelo.base.Durable;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Set;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * {@code run/agent.log}: a line a record, at most {@link #MAX_BYTES} and as much again in agent.log.1. The file is
 * copied away and cut, not renamed: standard output of this process, where a dying JVM has its last word, is the same
 * open file.
 */
final class AgentLog extends Handler {
    static final long MAX_BYTES = 1 << 20;
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSS")
            .withZone(ZoneId.systemDefault());
    private final Path file;
    private final long maxBytes;
    private FileChannel channel;
    private boolean ended;

    AgentLog(Path file, long maxBytes) throws IOException {
        this.file = file;
        this.maxBytes = maxBytes;
        this.channel = open(file);
    }

    private static FileChannel open(Path file) throws IOException {
        return FileChannel.open(file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    /** Sends every logger of the process there and nowhere else. */
    static AgentLog install(Path file) throws IOException {
        AgentLog log = new AgentLog(file, MAX_BYTES);
        Logger root = Logger.getLogger("");
        for (Handler handler : root.getHandlers()) {
            root.removeHandler(handler);
        }
        root.addHandler(log);
        root.setLevel(Level.INFO);
        return log;
    }

    @Override
    public synchronized void publish(LogRecord entry) {
        if (!isLoggable(entry)) {
            return;
        }
        StringWriter text = new StringWriter();
        text.append(TIME.format(entry.getInstant())).append(' ').append(entry.getLevel().getName()).append(' ')
                .append(entry.getMessage()).append('\n');
        if (entry.getThrown() != null) {
            entry.getThrown().printStackTrace(new PrintWriter(text));
        }
        // An interrupted thread would close the channel that all use (ClosedByInterruptException).
        boolean interrupted = Thread.interrupted();
        try {
            append(text.toString().getBytes(StandardCharsets.UTF_8));
        } catch (ClosedByInterruptException e) {
            // It came in the middle: the line may be there in part, the next one finds the channel closed.
            interrupted = true;
        } catch (IOException e) {
            reportError("cannot write " + file, e, java.util.logging.ErrorManager.WRITE_FAILURE);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void append(byte[] line) throws IOException {
        if (!channel.isOpen() && !ended) {
            channel = open(file);
        }
        ByteBuffer bytes = ByteBuffer.wrap(line);
        if (channel.size() + bytes.remaining() > maxBytes) {
            rotate();
        }
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private void rotate() throws IOException {
        Path previous = file.resolveSibling(file.getFileName() + ".1");
        byte[] all;
        try (FileChannel whole = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(whole.size(), 2 * maxBytes));
            while (buffer.hasRemaining() && whole.read(buffer) >= 0) {
                continue;
            }
            all = java.util.Arrays.copyOf(buffer.array(), buffer.position());
        }
        Durable.write(previous, all);
        channel.truncate(0);
    }

    @Override
    public void flush() { }

    @Override
    public synchronized void close() {
        ended = true;
        try {
            channel.close();
        } catch (IOException e) {
            reportError("cannot close " + file, e, java.util.logging.ErrorManager.CLOSE_FAILURE);
        }
    }
}
