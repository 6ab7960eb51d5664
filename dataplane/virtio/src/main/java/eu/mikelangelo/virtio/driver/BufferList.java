package eu.mikelangelo.virtio.driver;

/**
 * The pieces of one buffer (a chain): those for the device to read, then those for it to write. Reused; nothing is
 * allocated after construction. One thread owns it.
 */
public final class BufferList {
    final long[] addresses;
    final int[] lengths;
    int readable;
    int count;
    int readableBytes;
    int writableBytes;

    /** @param capacity the most pieces it can hold */
    public BufferList(int capacity) {
        addresses = new long[capacity];
        lengths = new int[capacity];
    }

    /** Forgets all pieces. @return this */
    public BufferList clear() {
        count = 0;
        readable = 0;
        readableBytes = 0;
        writableBytes = 0;
        return this;
    }

    /**
     * Appends a piece for the device to read.
     *
     * @param address guest physical
     * @return this
     * @throws IllegalStateException when pieces to be written are there already (VIRTIO 1.3 section 2.7.4.2)
     */
    public BufferList readable(long address, int length) {
        if (readable < count) {
            throw new IllegalStateException("what the device reads comes before what it writes");
        }
        add(address, length);
        readable++;
        readableBytes += length;
        return this;
    }

    /** Appends a piece for the device to write. @param address guest physical. @return this */
    public BufferList writable(long address, int length) {
        add(address, length);
        writableBytes += length;
        return this;
    }

    private void add(long address, int length) {
        addresses[count] = address;
        lengths[count] = length;
        count++;
    }

    /** @return pieces held */
    public int count() {
        return count;
    }

    /** @return bytes that the device may read */
    public int readableBytes() {
        return readableBytes;
    }

    /** @return bytes that the device may write */
    public int writableBytes() {
        return writableBytes;
    }

    /** @return guest physical address of piece {@code index} */
    public long address(int index) {
        return addresses[index];
    }

    /** @return bytes of piece {@code index} */
    public int length(int index) {
        return lengths[index];
    }
}
