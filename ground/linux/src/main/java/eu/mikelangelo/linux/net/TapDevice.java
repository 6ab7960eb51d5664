package eu.mikelangelo.linux.net;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.OpenFiles;
import eu.mikelangelo.linux.ffi.Setup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * TAP devices: an interface of the host whose other end is a descriptor. One read or write is one frame behind a
 * virtio-net header of {@value #HEADER} bytes, little-endian.
 */
public final class TapDevice {
    /** Bytes before each frame: virtio's header with its buffer count (VIRTIO 1.3 section 5.1.6). */
    public static final int HEADER = 12;
    private static final String DEVICE = "/dev/net/tun";

    private TapDevice() {}

    /**
     * Attaches to the TAP interface of that name, or makes one that lasts as long as the descriptor. The kernel may
     * leave TCP's segments and all checksums to the reader.
     *
     * @return a non-blocking, close-on-exec descriptor
     * @throws LinuxException EPERM: it is not this user's, or to be made, and CAP_NET_ADMIN is missing; EBUSY: another
     *         process is attached; EINVAL: the interface is no TAP; ENOENT, EACCES: no /dev/net/tun
     */
    public static int open(String name) {
        int fd = OpenFiles.open(DEVICE, OpenFiles.O_RDWR, 0);
        try (Arena arena = Arena.ofConfined()) {
            Fds.nonBlocking(fd, true);
            attach(fd, Interfaces.request(arena, name), name);
            set(fd, TunLayout.TUNSETVNETHDRSZ, HEADER, "TUNSETVNETHDRSZ", arena);
            set(fd, TunLayout.TUNSETVNETLE, 1, "TUNSETVNETLE", arena);
            offloads(fd, TunLayout.TUN_F_CSUM | TunLayout.TUN_F_TSO4 | TunLayout.TUN_F_TSO6
                    | TunLayout.TUN_F_TSO_ECN);
            return fd;
        } catch (RuntimeException failed) {
            Fds.close(fd);
            throw failed;
        }
    }

    /** Says what the reader of this descriptor can take: TUN_F_ bits of linux/if_tun.h. */
    static void offloads(int fd, int bits) {
        // An argument by value, unlike the others.
        LinuxException.check("ioctl", "TUNSETOFFLOAD " + bits, Setup.call(Interfaces.IOCTL, fd,
                Integer.toUnsignedLong(TunLayout.TUNSETOFFLOAD), bits));
    }

    private static void attach(int fd, MemorySegment request, String name) {
        int flags = TunLayout.IFF_TAP | TunLayout.IFF_NO_PI | TunLayout.IFF_VNET_HDR;
        request.set(JAVA_SHORT, InterfaceLayout.VALUE, (short) flags);
        try {
            Interfaces.control(fd, TunLayout.TUNSETIFF, request, "TUNSETIFF " + name);
        } catch (LinuxException refused) {
            if (refused.errno() != Errno.EINVAL) {
                throw refused;
            }
            // One made for several queues takes only those who say so (tun_set_iff); one queue of it will do.
            request.set(JAVA_SHORT, InterfaceLayout.VALUE, (short) (flags | TunLayout.IFF_MULTI_QUEUE));
            Interfaces.control(fd, TunLayout.TUNSETIFF, request, "TUNSETIFF " + name);
        }
    }

    private static void set(int fd, int request, int value, String shown, Arena arena) {
        Interfaces.control(fd, request, arena.allocateFrom(JAVA_INT, value), shown + " " + value);
    }
}
