package eu.mikelangelo.agent;

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * {@code run/agent.log}: a line a record, at most {@link #MAX_BYTES} and as much again in agent.log.1. The file is
 * copied away and cut, not renamed: standard output of this process, where a dying JVM has its last word, is the same
 * open file. Streams, not channels: a thread that is interrupted while it logs would close a channel under all others.
 */
final class AgentLog extends Handler {
    static final long MAX_BYTES = 1 << 20;
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSS")
            .withZone(ZoneId.systemDefault());
    private final Path file;
    private final OutputStream out;
    private final long maxBytes;

    AgentLog(Path file, long maxBytes) throws IOException {
        this.file = file;
        this.maxBytes = maxBytes;
        if (Files.notExists(file)) {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        }
        this.out = new FileOutputStream(file.toFile(), true);
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
        try {
            byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
            if (Files.size(file) + bytes.length > maxBytes) {
                rotate();
            }
            out.write(bytes);
        } catch (IOException e) {
            reportError("cannot write " + file, e, java.util.logging.ErrorManager.WRITE_FAILURE);
        }
    }

    private void rotate() throws IOException {
        Path previous = file.resolveSibling(file.getFileName() + ".1");
        Path temporary = file.resolveSibling("." + previous.getFileName() + ".tmp");
        Files.deleteIfExists(temporary);
        Files.createFile(temporary, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try (FileInputStream all = new FileInputStream(file.toFile());
                FileOutputStream copy = new FileOutputStream(temporary.toFile())) {
            copy.write(all.readNBytes((int) (2 * maxBytes)));
        }
        Files.move(temporary, previous, StandardCopyOption.ATOMIC_MOVE);
        new FileOutputStream(file.toFile()).close(); // cuts it; ours and standard output append, and go on at its start
    }

    @Override
    public void flush() { }

    @Override
    public synchronized void close() {
        try {
            out.close();
        } catch (IOException e) {
            reportError("cannot close " + file, e, java.util.logging.ErrorManager.CLOSE_FAILURE);
        }
    }
}
