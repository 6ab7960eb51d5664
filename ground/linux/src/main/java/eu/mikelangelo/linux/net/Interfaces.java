package eu.mikelangelo.linux.net;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.ffi.Native;
import eu.mikelangelo.linux.ffi.Setup;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/** What the kernel says about network interfaces, in the network namespace of the calling thread. */
public final class Interfaces {
    private static final MethodHandle SOCKET = Native.link("socket", 3);
    static final MethodHandle IOCTL = Native.link("ioctl", 3, Linker.Option.firstVariadicArg(2));

    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM_CLOEXEC = 0x80002;

    /** The longest name, in bytes. */
    public static final int MAX_NAME = InterfaceLayout.NAME_SIZE - 1;

    /**
     * An interface at one moment.
     *
     * @param index what the kernel knows it by; a name may change
     * @param up it is administratively up
     * @param mtu bytes behind the Ethernet header
     * @param mac 48 bits
     * @param ethernet it carries Ethernet frames
     */
    public record State(int index, boolean up, int mtu, long mac, boolean ethernet) {}

    private Interfaces() {}

    /** @return whether an interface can have this name at all */
    public static boolean isName(String name) {
        return !name.isEmpty() && name.getBytes(StandardCharsets.UTF_8).length <= MAX_NAME && !name.equals(".")
                && !name.equals("..") && name.chars().noneMatch(c -> c <= ' ' || c == '/' || c == ':' || c == 0x7f);
    }

    /** @throws LinuxException ENODEV when there is none of that name */
    public static State state(String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = request(arena, name);
            int socket = socket();
            try {
                control(socket, InterfaceLayout.SIOCGIFINDEX, request, "SIOCGIFINDEX " + name);
                int index = request.get(JAVA_INT, InterfaceLayout.VALUE);
                control(socket, InterfaceLayout.SIOCGIFFLAGS, request, "SIOCGIFFLAGS " + name);
                boolean up = (request.get(JAVA_SHORT, InterfaceLayout.VALUE) & InterfaceLayout.IFF_UP) != 0;
                control(socket, InterfaceLayout.SIOCGIFMTU, request, "SIOCGIFMTU " + name);
                int mtu = request.get(JAVA_INT, InterfaceLayout.VALUE);
                control(socket, InterfaceLayout.SIOCGIFHWADDR, request, "SIOCGIFHWADDR " + name);
                int family = request.get(JAVA_SHORT, InterfaceLayout.VALUE);
                long mac = 0;
                for (int i = 0; i < 6; i++) {
                    mac = mac << 8 | request.get(JAVA_BYTE, InterfaceLayout.HARDWARE_ADDRESS + i) & 0xff;
                }
                return new State(index, up, mtu, mac,
                        family == InterfaceLayout.ARPHRD_ETHER || family == InterfaceLayout.ARPHRD_LOOPBACK);
            } finally {
                Fds.close(socket);
            }
        }
    }

    /**
     * @param socket one in whose network namespace to look
     * @return the name of the interface with this index, or null when there is none (any more)
     */
    public static String name(int socket, int index) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(InterfaceLayout.SIZE, 8);
            request.set(JAVA_INT, InterfaceLayout.VALUE, index);
            int result = Setup.call(IOCTL, socket, InterfaceLayout.SIOCGIFNAME, request.address());
            return result < 0 ? null : request.getString(InterfaceLayout.NAME);
        }
    }

    /**
     * @param socket one in whose network namespace to look
     * @return whether the interface is there and up
     */
    public static boolean up(int socket, String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = request(arena, name);
            int result = Setup.call(IOCTL, socket, InterfaceLayout.SIOCGIFFLAGS, request.address());
            return result >= 0 && (request.get(JAVA_SHORT, InterfaceLayout.VALUE) & InterfaceLayout.IFF_UP) != 0;
        }
    }

    /** Sets IFF_UP. @throws LinuxException EPERM without CAP_NET_ADMIN */
    public static void bringUp(String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = request(arena, name);
            int socket = socket();
            try {
                control(socket, InterfaceLayout.SIOCGIFFLAGS, request, "SIOCGIFFLAGS " + name);
                short flags = request.get(JAVA_SHORT, InterfaceLayout.VALUE);
                request.set(JAVA_SHORT, InterfaceLayout.VALUE, (short) (flags | InterfaceLayout.IFF_UP));
                control(socket, InterfaceLayout.SIOCSIFFLAGS, request, "SIOCSIFFLAGS " + name + " up");
            } finally {
                Fds.close(socket);
            }
        }
    }

    /** An ifreq with a name. @throws LinuxException EINVAL for what is no name */
    static MemorySegment request(Arena arena, String name) {
        if (!isName(name)) {
            throw new LinuxException("interface", name, Errno.EINVAL);
        }
        MemorySegment request = arena.allocate(InterfaceLayout.SIZE, 8);
        request.setString(InterfaceLayout.NAME, name);
        return request;
    }

    /** Any socket will do for the requests above. */
    private static int socket() {
        return LinuxException.check("socket", "AF_UNIX", Setup.call(SOCKET, AF_UNIX, SOCK_DGRAM_CLOEXEC, 0));
    }

    static void control(int fd, int request, MemorySegment argument, String shown) {
        LinuxException.check("ioctl", shown, Setup.call(IOCTL, fd, Integer.toUnsignedLong(request),
                argument.address()));
    }
}
