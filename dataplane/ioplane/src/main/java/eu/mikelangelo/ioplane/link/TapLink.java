package eu.mikelangelo.ioplane.link;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.net.Interfaces;
import eu.mikelangelo.linux.net.TapDevice;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.NetHeaderLayout;
import eu.mikelangelo.virtio.NetOffload;
import eu.mikelangelo.virtio.NetReceive;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;

/**
 * A TAP device: what is delivered here the host receives at that interface, and what the host sends there is shown
 * here. One system call per frame and direction; a write runs the host's own network as far as it goes, so there is
 * nothing to gather.
 *
 * <p>The kernel keeps what the host sends in a queue of its own ({@code txqueuelen}) and drops there.
 */
public final class TapLink implements HostLink {
    private static final int HEADER = TapDevice.HEADER;

    private final String name;
    private int fd;
    private final Region in = new Region(Arena.ofAuto().allocate(HEADER + NetTransmit.MAX_FRAME, 8));
    private final Region out = new Region(Arena.ofAuto().allocate(HEADER + NetTransmit.MAX_FRAME, 8));
    private final Arrival arrival = new Arrival();
    private HotCalls calls;
    private boolean readable = true;
    private boolean malformed;
    private volatile boolean up = true;
    private volatile String trouble = "";

    private TapLink(String name, int fd) {
        this.name = name;
        this.fd = fd;
    }

    /**
     * Attaches to the TAP interface of that name, or makes one that ends with the link, and brings it up.
     *
     * @throws LinkException saying what to do
     */
    public static TapLink open(String name) {
        if (!Interfaces.isName(name)) {
            throw new LinkException("\"" + name + "\" cannot be the name of an interface", null);
        }
        int fd = attach(name);
        try {
            if (!Interfaces.state(name).up()) {
                Interfaces.bringUp(name);
            }
        } catch (LinuxException failed) {
            Fds.close(fd);
            throw new LinkException("TAP " + name + " is down, and to bring it up is not allowed ("
                    + failed.getMessage() + "): ip link set " + name + " up", failed);
        }
        return new TapLink(name, fd);
    }

    private static int attach(String name) {
        try {
            return TapDevice.open(name);
        } catch (LinuxException failed) {
            String advice = switch (failed.errno()) {
                case Errno.EPERM -> "as root: ip tuntap add dev " + name + " mode tap user $USER, then ip link set "
                        + name + " up";
                case Errno.EBUSY -> "another process is attached to it; one TAP has one user";
                case Errno.EINVAL -> "an interface of that name exists and is no TAP; --interface may be meant";
                case Errno.ENOENT, Errno.ENODEV -> "this host has no TUN/TAP driver: modprobe tun";
                case Errno.EACCES -> "this user may not open /dev/net/tun: its mode is usually 0666";
                default -> "the kernel's TAP driver is older than Linux 3.12, or out of memory";
            };
            throw new LinkException("TAP " + name + ": " + failed.getMessage() + "; " + advice, failed);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int fd() {
        return fd;
    }

    /** The host's address is learned like any other: what it sends comes in here. */
    @Override
    public long mac() {
        return NO_MAC;
    }

    @Override
    public void begin(HotCalls ofOwner) {
        calls = ofOwner;
    }

    @Override
    public void ready(boolean mayRead, boolean mayWrite, boolean ended) {
        readable |= mayRead || ended;
    }

    @Override
    public void turn(long nowNs) {
        // Nothing is ever left over.
    }

    @Override
    public long deadlineNs() {
        return Long.MAX_VALUE;
    }

    @Override
    public int peek() {
        if (arrival.held()) {
            return NetTransmit.FRAME;
        }
        if (malformed) {
            return NetTransmit.MALFORMED;
        }
        if (!readable || fd < 0) {
            return NetTransmit.EMPTY;
        }
        int got = calls.read(fd, in.segment(), 0, (int) in.size());
        if (got < 0) {
            refused(got);
            return NetTransmit.EMPTY;
        }
        up = true;
        int what = got < HEADER ? NetTransmit.MALFORMED : arrival.begin(in, 0, HEADER, got - HEADER, Arrival.NO_TAG);
        malformed = what == NetTransmit.MALFORMED;
        return what;
    }

    private void refused(int result) {
        readable = result == -Errno.EINTR;
        if (result == -Errno.EBADFD) {
            fail("the interface was removed");
        } else if (result == -Errno.EIO) {
            up = false;
        } else if (result != -Errno.EAGAIN && result != -Errno.EINTR) {
            fail("reading: " + Errno.name(-result));
        }
    }

    @Override
    public ScatterList pieces() {
        return arrival.pieces();
    }

    @Override
    public int start() {
        return HEADER;
    }

    @Override
    public int length() {
        return arrival.length();
    }

    @Override
    public NetOffload offload() {
        return arrival.offload();
    }

    @Override
    public void done() {
        malformed = false;
        arrival.drop();
    }

    /** Datagrams to be cut are too new a thing for kernels (Linux 6.2). */
    @Override
    public boolean takes(NetOffload offload) {
        return offload.kind() != NetHeaderLayout.GSO_UDP_L4;
    }

    @Override
    public int deliver(ScatterList frame, long from, int length, NetOffload offload) {
        if (fd < 0) {
            return NetReceive.CLOSED;
        }
        out.u64(0, offload.firstWord());
        out.u32(Long.BYTES, offload.lastField());
        frame.read(from, out, HEADER, length);
        int sent = calls.write(fd, out.segment(), 0, HEADER + length);
        if (sent >= 0) {
            up = true;
            return NetReceive.DELIVERED;
        }
        switch (-sent) {
            case Errno.EAGAIN, Errno.ENOBUFS, Errno.ENOMEM -> {
                return NetReceive.NO_BUFFERS;
            }
            case Errno.EBADFD -> fail("the interface was removed");
            // tun_get_user: it is down; the next frame may find it up.
            case Errno.EIO -> up = false;
            case Errno.EMSGSIZE, Errno.EINVAL -> {
                return NetReceive.TOO_LONG;
            }
            default -> fail("writing: " + Errno.name(-sent));
        }
        return NetReceive.CLOSED;
    }

    @Override
    public void flush() {
        // Each frame was written when it was delivered.
    }

    @Override
    public int takeLost() {
        return 0;
    }

    /** The interface's own counter has them ({@code ip -s link}). */
    @Override
    public int takeMissed() {
        return 0;
    }

    @Override
    public boolean connected() {
        return up && trouble.isEmpty();
    }

    @Override
    public String trouble() {
        return trouble;
    }

    @Override
    public void fail(String reason) {
        if (trouble.isEmpty()) {
            trouble = "TAP " + name + ": " + reason;
        }
    }

    @Override
    public void close() {
        Fds.close(fd);
        fd = -1;
        malformed = false;
        arrival.drop();
        fail("closed");
    }
}
