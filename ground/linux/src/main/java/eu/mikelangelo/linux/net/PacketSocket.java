package eu.mikelangelo.linux.net;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.Mappings;
import eu.mikelangelo.linux.ffi.Native;
import eu.mikelangelo.linux.ffi.Setup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * A packet socket on one interface, with a ring to receive and one to send, mapped ({@link PacketLayout}; packet(7) and
 * the kernel's packet_mmap document). Slots of a ring lie one behind another. Version 2 of the rings: version 3 packs
 * frames closer, but shows a frame only when its block is full or a timer ends, a millisecond later at best.
 *
 * <p>It sees every frame that comes in at the interface, whoever it is for, and none that the host itself sends. Each
 * frame is behind a virtio-net header of {@value #HEADER} bytes, for the kernel hands over what it has merged or not
 * yet cut, and checksums that are still to be computed.
 */
public final class PacketSocket {
    /** Bytes before each frame: virtio's header without a buffer count. */
    public static final int HEADER = 10;

    private static final MethodHandle SOCKET = Native.link("socket", 3);
    private static final MethodHandle BIND = Native.link("bind", 3);
    private static final MethodHandle GETSOCKOPT = Native.link("getsockopt", 5);
    private static final MethodHandle SETSOCKOPT = Native.link("setsockopt", 5);
    /** SOCK_CLOEXEC and SOCK_NONBLOCK. */
    static final int FLAGS = 0x80800;
    private static final int BLOCK = 1 << 16;

    /**
     * The shape of a ring.
     *
     * @param slotBytes a power of two, 256 to 1 MiB
     * @param slots a power of two; together with {@code slotBytes} at least 64 KiB
     */
    public record Ring(int slotBytes, int slots) {
        public Ring {
            if (Integer.bitCount(slotBytes) != 1 || slotBytes < 256 || slotBytes > 1 << 20
                    || Integer.bitCount(slots) != 1 || slots < 1 || bytes(slotBytes, slots) < BLOCK
                    || bytes(slotBytes, slots) > 1 << 30) {
                throw new IllegalArgumentException(slots + " slots of " + slotBytes + " bytes");
            }
        }

        /** @return bytes of the whole ring */
        public long bytes() {
            return bytes(slotBytes, slots);
        }

        private static long bytes(int slotBytes, int slots) {
            return (long) slotBytes * slots;
        }
    }

    private PacketSocket() {}

    /**
     * A socket that receives nothing yet: {@link #bind} begins that.
     *
     * @param spare bytes of frames that did not fit their slots, which wait in the socket itself
     * @return a non-blocking, close-on-exec descriptor
     * @throws LinuxException EPERM without CAP_NET_RAW, ENOMEM
     */
    public static int open(Ring receive, Ring send, int spare) {
        // Without a protocol: nothing may come in before the rings are there.
        int fd = LinuxException.check("socket", "AF_PACKET, SOCK_RAW",
                Setup.call(SOCKET, PacketLayout.AF_PACKET, PacketLayout.SOCK_RAW | FLAGS, 0));
        try {
            set(fd, PacketLayout.PACKET_VERSION, "PACKET_VERSION", PacketLayout.TPACKET_V2);
            set(fd, PacketLayout.PACKET_VNET_HDR, "PACKET_VNET_HDR", 1);
            set(fd, PacketLayout.PACKET_IGNORE_OUTGOING, "PACKET_IGNORE_OUTGOING", 1);
            set(fd, PacketLayout.PACKET_COPY_THRESH, "PACKET_COPY_THRESH", 1);
            // A frame that the kernel refuses is skipped; otherwise it would stop all behind it.
            set(fd, PacketLayout.PACKET_LOSS, "PACKET_LOSS", 1);
            set(fd, PacketLayout.PACKET_QDISC_BYPASS, "PACKET_QDISC_BYPASS", 1);
            buffer(fd, PacketLayout.SO_RCVBUFFORCE, PacketLayout.SO_RCVBUF, spare);
            // Frames on their way out are counted here, though they lie in the ring.
            buffer(fd, PacketLayout.SO_SNDBUFFORCE, PacketLayout.SO_SNDBUF, (int) Math.min(2 * send.bytes(), 1 << 26));
            ring(fd, PacketLayout.PACKET_RX_RING, "PACKET_RX_RING", receive);
            ring(fd, PacketLayout.PACKET_TX_RING, "PACKET_TX_RING", send);
            return fd;
        } catch (RuntimeException failed) {
            Fds.close(fd);
            throw failed;
        }
    }

    /** A socket that only sends, without rings: one write, behind its header, is one frame. */
    public static int openToSend(int index, int spare) {
        int fd = LinuxException.check("socket", "AF_PACKET, SOCK_RAW",
                Setup.call(SOCKET, PacketLayout.AF_PACKET, PacketLayout.SOCK_RAW | FLAGS, 0));
        try (Arena arena = Arena.ofConfined()) {
            set(fd, PacketLayout.PACKET_VNET_HDR, "PACKET_VNET_HDR", 1);
            set(fd, PacketLayout.PACKET_QDISC_BYPASS, "PACKET_QDISC_BYPASS", 1);
            buffer(fd, PacketLayout.SO_SNDBUFFORCE, PacketLayout.SO_SNDBUF, spare);
            bind(fd, address(index, 0, arena), index);
            return fd;
        } catch (RuntimeException failed) {
            Fds.close(fd);
            throw failed;
        }
    }

    private static MemorySegment address(int index, int protocol, Arena arena) {
        MemorySegment address = arena.allocate(PacketLayout.ADDRESS_SIZE, 4);
        address.set(JAVA_SHORT, 0, (short) PacketLayout.AF_PACKET);
        address.set(JAVA_SHORT, PacketLayout.ADDRESS_PROTOCOL, Short.reverseBytes((short) protocol));
        address.set(JAVA_INT, PacketLayout.ADDRESS_INTERFACE, index);
        return address;
    }

    private static void bind(int fd, MemorySegment address, int index) {
        LinuxException.check("bind", "interface " + index,
                Setup.call(BIND, fd, address.address(), address.byteSize()));
    }

    /** Both rings, the one to receive first; unmapped when {@code arena} closes. */
    public static MemorySegment map(int fd, Ring receive, Ring send, Arena arena) {
        return Mappings.shared(fd, 0, receive.bytes() + send.bytes(), arena);
    }

    /** Begins to receive all that comes in at an interface; one that is down is no error. */
    public static void bind(int fd, int index) {
        try (Arena arena = Arena.ofConfined()) {
            bind(fd, address(index, PacketLayout.ETH_P_ALL, arena), index);
            MemorySegment membership = arena.allocate(PacketLayout.MEMBERSHIP_SIZE, 4);
            membership.set(JAVA_INT, 0, index);
            membership.set(JAVA_SHORT, PacketLayout.MEMBERSHIP_TYPE, (short) PacketLayout.PACKET_MR_PROMISC);
            LinuxException.check("setsockopt", "PACKET_ADD_MEMBERSHIP " + index,
                    Setup.call(SETSOCKOPT, fd, PacketLayout.SOL_PACKET, PacketLayout.PACKET_ADD_MEMBERSHIP,
                            membership.address(), membership.byteSize()));
        }
    }

    /** Frames that found no free slot since the last question. */
    public static int lost(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statistics = arena.allocate(PacketLayout.STATISTICS_SIZE, 4);
            get(fd, PacketLayout.SOL_PACKET, PacketLayout.PACKET_STATISTICS, "PACKET_STATISTICS", statistics, arena);
            return statistics.get(JAVA_INT, PacketLayout.STATISTICS_DROPS);
        }
    }

    /** Takes the error that waits at a socket (SO_ERROR), which would be told again and again. @return errno, or 0 */
    public static int takeError(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment error = arena.allocate(JAVA_INT);
            get(fd, PacketLayout.SOL_SOCKET, PacketLayout.SO_ERROR, "SO_ERROR", error, arena);
            return error.get(JAVA_INT, 0);
        }
    }

    private static void ring(int fd, int option, String shown, Ring ring) {
        int block = Math.max(BLOCK, ring.slotBytes());
        set(fd, option, shown + " " + ring, block, (int) (ring.bytes() / block), ring.slotBytes(), ring.slots());
    }

    /** The first needs CAP_NET_ADMIN; the second gives what the system allows anybody. */
    private static void buffer(int fd, int forced, int asked, int bytes) {
        try {
            setSocket(fd, forced, bytes);
        } catch (LinuxException unprivileged) {
            setSocket(fd, asked, bytes);
        }
    }

    private static void setSocket(int fd, int option, int bytes) {
        set(fd, PacketLayout.SOL_SOCKET, option, "socket buffer of " + bytes, bytes);
    }

    private static void set(int fd, int option, String shown, int... values) {
        set(fd, PacketLayout.SOL_PACKET, option, shown, values);
    }

    private static void set(int fd, int level, int option, String shown, int... values) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocateFrom(JAVA_INT, values);
            LinuxException.check("setsockopt", shown,
                    Setup.call(SETSOCKOPT, fd, level, option, value.address(), value.byteSize()));
        }
    }

    private static void get(int fd, int level, int option, String shown, MemorySegment value, Arena arena) {
        MemorySegment length = arena.allocateFrom(JAVA_INT, (int) value.byteSize());
        LinuxException.check("getsockopt", shown,
                Setup.call(GETSOCKOPT, fd, level, option, value.address(), length.address()));
    }
}
