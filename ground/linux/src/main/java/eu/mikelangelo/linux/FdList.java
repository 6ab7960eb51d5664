package eu.mikelangelo.linux;

/**
 * Descriptors received and not yet claimed; bounded. Whoever holds the list owns them: each is either taken or closed.
 * Not thread-safe.
 */
public final class FdList {
    private final int[] fds;
    private int count;

    public FdList(int capacity) {
        if (capacity < 1 || capacity > FdSocket.MAX_FDS) {
            throw new IllegalArgumentException("capacity " + capacity + " is not 1.." + FdSocket.MAX_FDS);
        }
        fds = new int[capacity];
    }

    public int count() {
        return count;
    }

    /** The descriptor at {@code index}; it stays in the list. */
    public int get(int index) {
        return fds[java.util.Objects.checkIndex(index, count)];
    }

    /** The descriptor at {@code index}, now the caller's; the list keeps a hole that {@link #closeAll} passes over. */
    public int take(int index) {
        int fd = get(index);
        fds[index] = -1;
        return fd;
    }

    /** Appends, or closes the descriptor when the list is full. @return whether there was room */
    public boolean addOrClose(int fd) {
        if (count == fds.length) {
            Fds.close(fd);
            return false;
        }
        fds[count++] = fd;
        return true;
    }

    /** Closes what was not taken and empties the list. */
    public void closeAll() {
        for (int i = 0; i < count; i++) {
            Fds.close(fds[i]);
        }
        count = 0;
    }
}
