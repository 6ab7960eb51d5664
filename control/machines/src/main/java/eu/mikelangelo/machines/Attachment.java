package eu.mikelangelo.machines;

import java.io.IOException;

/** The application's console; close it to leave. One reading thread and one writing thread each. */
public interface Attachment extends AutoCloseable {
    /**
     * Reads output that came after joining; blocks. A reader that is more than 1 MiB behind loses the oldest bytes.
     *
     * @return the count, or -1 when the machine ended or the attachment was closed
     */
    int read(byte[] to) throws IOException;

    /** Bytes this reader has lost. */
    long lost();

    /** Types into the console. */
    void write(byte[] from, int offset, int length) throws IOException;

    void resize(int rows, int columns) throws IOException;

    @Override
    void close();
}
