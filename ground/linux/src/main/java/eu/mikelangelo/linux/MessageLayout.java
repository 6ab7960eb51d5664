package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * {@code struct msghdr} (sys/socket.h) of sendmsg(2) and recvmsg(2) without control messages ({@link FdSocket} has
 * those): one or more buffers, and for datagrams the address of the other side. The kernel follows the addresses in it
 * unchecked; what they point at must live until the call, or the io_uring operation, has ended.
 */
public final class MessageLayout {
    /** Bytes; aligned to 8. */
    public static final long SIZE = SocketLayout.MSGHDR_SIZE;
    /** In {@link #flags}: the datagram was longer than the buffers; the rest is lost. */
    public static final int MSG_TRUNC = 0x20;

    private MessageLayout() {}

    /**
     * Fills a header. Before every receive: the kernel overwrites the length of the name and the flags.
     *
     * @param name an address ({@link InetAddressLayout}) in native memory, its size the length to send to or the room
     *        to receive into; null for none
     * @param iovecs {@code count} elements of {@link IovecLayout} in native memory
     */
    public static void set(MemorySegment header, MemorySegment name, MemorySegment iovecs, int count) {
        Objects.checkFromIndexSize(0, count * IovecLayout.SIZE, iovecs.byteSize());
        header.set(JAVA_LONG, SocketLayout.MSG_NAME, name == null ? 0 : name.address());
        header.set(JAVA_LONG, SocketLayout.MSG_NAMELEN, name == null ? 0 : name.byteSize());
        header.set(JAVA_LONG, SocketLayout.MSG_IOV, iovecs.address());
        header.set(JAVA_LONG, SocketLayout.MSG_IOVLEN, count);
        header.set(JAVA_LONG, SocketLayout.MSG_CONTROL, 0);
        header.set(JAVA_LONG, SocketLayout.MSG_CONTROLLEN, 0);
        header.set(JAVA_LONG, SocketLayout.MSG_FLAGS, 0);
    }

    /** Sets the length to send to, or the room to receive into, of the name given before. */
    public static void nameLength(MemorySegment header, int length) {
        header.set(JAVA_INT, SocketLayout.MSG_NAMELEN, length);
    }

    /** After a receive: the length of the sender's address. */
    public static int nameLength(MemorySegment header) {
        return header.get(JAVA_INT, SocketLayout.MSG_NAMELEN);
    }

    /** After a receive: {@link #MSG_TRUNC} and other bits. */
    public static int flags(MemorySegment header) {
        return header.get(JAVA_INT, SocketLayout.MSG_FLAGS);
    }
}
