package eu.mikelangelo.ioplane.link;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.net.Interfaces;
import eu.mikelangelo.linux.net.PacketLayout;
import eu.mikelangelo.linux.net.PacketSocket;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.NetHeaderLayout;
import eu.mikelangelo.virtio.NetOffload;
import eu.mikelangelo.virtio.NetReceive;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A network card, or any other Ethernet interface of the host, through the mapped rings of a packet socket: frames go
 * from the ring into a guest and from a guest into the ring in one copy each, and all frames of a turn are sent with
 * one system call. The card is put into promiscuous mode while the link is open.
 *
 * <p>What comes in longer than the interface's MTU (merged by the kernel) does not fit a slot; the socket has it whole,
 * at the price of a system call and a copy; so has what is to be cut on its way out. The host's own address behind the
 * interface cannot be reached from here: its frames leave by the same wire. A TAP is the way to the host.
 *
 * <p>An interface that goes down keeps the link; one that is removed ends it.
 */
public final class PacketLink implements HostLink {
    private static final int HEADER = PacketSocket.HEADER;
    private static final int RECEIVE_BYTES = 4 << 20;
    private static final int SEND_BYTES = 1 << 20;
    private static final int LEAST_SLOT = 2048;
    private static final int MOST_SLOT = 1 << 17;
    /** Bytes of a slot that are not the frame's: header, address, alignment, virtio's header. */
    private static final int SLOT_OVERHEAD = 128;
    private static final int TWO_TAGS = 8;
    /** A frame that the kernel has merged has at most 64 KiB, unless somebody has asked for more. */
    private static final int SPARE_BYTES = 1 << 17;
    private static final int SPARE_SOCKET_BYTES = 8 << 20;
    private static final int DEFAULT_TAG_TYPE = 0x8100;

    private static final long FIRST_RETRY_NS = 100_000;
    private static final long LAST_RETRY_NS = 20_000_000;
    private static final long ASK_LOST_NS = 1_000_000_000;
    /** Guests go on sending while an interface is down: each of their bursts is an error. */
    private static final long LOOK_NS = 10_000_000;

    private final String name;
    private final Interfaces.State state;
    private final PacketSocket.Ring receive;
    private final PacketSocket.Ring send;
    private final Arena arena = Arena.ofShared();
    private final Region rings;
    /** A long segment to be sent, behind its header. */
    private final Region big = new Region(Arena.ofAuto().allocate(HEADER + NetTransmit.MAX_FRAME, 8));
    private final Region spare = new Region(Arena.ofAuto().allocate(SPARE_BYTES, 8));
    private final MemorySegment nothing = Arena.ofAuto().allocate(8);
    private final Arrival arrival = new Arrival();
    private HotCalls calls;
    private int fd;
    /** Another socket, without rings, for long segments: a slot of a ring for those would hold little else. */
    private int bigFd = -1;
    private int next;
    private boolean malformed;
    private boolean losing;
    private long askedLostNs;
    private int missed;
    /** The next slot to send with, and how many before it the kernel has not taken yet as far as is known. */
    private int nextSend;
    private int staged;
    private int lost;
    private boolean retry;
    private long retryAtNs;
    private long retryNs = FIRST_RETRY_NS;
    private boolean asked;
    private long mayLookAtNs = Long.MIN_VALUE;
    private volatile boolean up;
    private volatile String trouble = "";

    private PacketLink(String name, Interfaces.State state) {
        this.name = name;
        this.state = state;
        up = state.up();
        int slot = slotBytes(state.mtu());
        receive = new PacketSocket.Ring(slot, Math.max(RECEIVE_BYTES / slot, 64));
        send = new PacketSocket.Ring(slot, Math.max(SEND_BYTES / slot, 64));
        fd = PacketSocket.open(receive, send, SPARE_SOCKET_BYTES);
        try {
            rings = new Region(PacketSocket.map(fd, receive, send, arena));
            PacketSocket.bind(fd, state.index());
            bigFd = PacketSocket.openToSend(state.index(), SPARE_SOCKET_BYTES);
            if (!state.up()) {
                // One that is down says so at once, as an error of the socket.
                PacketSocket.takeError(fd);
            }
        } catch (RuntimeException failed) {
            arena.close();
            Fds.close(fd);
            throw failed;
        }
    }

    /** @return bytes of a slot for frames of the interface's own size */
    static int slotBytes(int mtu) {
        int needed = Math.clamp(mtu + Arrival.ETHER_HEADER + TWO_TAGS + SLOT_OVERHEAD, LEAST_SLOT, MOST_SLOT);
        return Integer.highestOneBit(needed - 1) << 1;
    }

    /**
     * Opens an interface. Whether it is up is the operator's business; it may come up later.
     *
     * @throws LinkException saying what to do
     */
    public static PacketLink open(String name) {
        Interfaces.State state = find(name);
        try {
            return new PacketLink(name, state);
        } catch (LinuxException failed) {
            String advice = switch (failed.errno()) {
                case Errno.EPERM -> "CAP_NET_RAW is needed: run as root, or in a unit with "
                        + "AmbientCapabilities=CAP_NET_RAW";
                case Errno.ENOMEM -> "there is no memory for rings of "
                        + (RECEIVE_BYTES + SEND_BYTES >> 20) + " MiB";
                case Errno.ENODEV, Errno.ENXIO -> "it was removed meanwhile";
                default -> "Linux 4.20 or newer with packet sockets (CONFIG_PACKET) is needed";
            };
            throw new LinkException("interface " + name + ": " + failed.getMessage() + "; " + advice, failed);
        }
    }

    private static Interfaces.State find(String name) {
        Interfaces.State found;
        try {
            found = Interfaces.state(name);
        } catch (LinuxException failed) {
            throw new LinkException("no network interface \"" + name + "\" (" + failed.getMessage()
                    + "): ip link shows those there are", failed);
        }
        if (!found.ethernet()) {
            throw new LinkException("interface " + name + " does not carry Ethernet frames", null);
        }
        return found;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int fd() {
        return fd;
    }

    @Override
    public long mac() {
        return state.mac() == 0 ? NO_MAC : state.mac();
    }

    @Override
    public void begin(HotCalls ofOwner) {
        calls = ofOwner;
    }

    @Override
    public void ready(boolean mayRead, boolean mayWrite, boolean ended) {
        // Frames are seen in the ring.
        asked |= ended;
        if (mayWrite) {
            retryAtNs = Long.MIN_VALUE;
        }
    }

    @Override
    public void turn(long nowNs) {
        if (fd < 0) {
            return;
        }
        if (asked && (mayLookAtNs == Long.MIN_VALUE || nowNs - mayLookAtNs >= 0)) {
            asked = false;
            mayLookAtNs = nowNs + LOOK_NS;
            look();
        }
        if (retry && (retryAtNs == Long.MIN_VALUE || nowNs - retryAtNs >= 0)) {
            flush();
            retryNs = retry ? Math.min(LAST_RETRY_NS, retryNs * 2) : FIRST_RETRY_NS;
            retryAtNs = nowNs + retryNs;
        }
        if (losing && nowNs - askedLostNs >= ASK_LOST_NS) {
            losing = false;
            askedLostNs = nowNs;
            missed += PacketSocket.lost(fd);
        }
    }

    @Override
    public long deadlineNs() {
        if (fd < 0) {
            return Long.MAX_VALUE;
        }
        return Math.min(retry ? retryAtNs : Long.MAX_VALUE, asked ? mayLookAtNs : Long.MAX_VALUE);
    }

    /** After an error of the socket: is the interface down, or gone? */
    private void look() {
        PacketSocket.takeError(fd);
        // Asked at the socket, which knows the network namespace that the interface is in.
        String now = Interfaces.name(fd, state.index());
        if (now == null) {
            fail("the interface was removed");
        } else {
            up = Interfaces.up(fd, now);
        }
    }

    @Override
    public int peek() {
        if (arrival.held()) {
            return NetTransmit.FRAME;
        }
        if (malformed) {
            return NetTransmit.MALFORMED;
        }
        if (fd < 0) {
            return NetTransmit.EMPTY;
        }
        long at = (long) next * receive.slotBytes();
        // Acquire: pairs with the kernel's barrier before it gives the slot to us (tpacket_rcv).
        int status = rings.u32Acquire(at + PacketLayout.STATUS);
        if ((status & PacketLayout.TP_STATUS_USER) == 0) {
            return NetTransmit.EMPTY;
        }
        losing |= (status & PacketLayout.TP_STATUS_LOSING) != 0;
        up = true;
        int what = show(at, status);
        malformed = what == NetTransmit.MALFORMED;
        return what;
    }

    private int show(long at, int status) {
        int length = rings.u32(at + PacketLayout.LENGTH);
        int captured = rings.u32(at + PacketLayout.CAPTURED);
        int frame = rings.u16(at + PacketLayout.FRAME);
        if ((status & PacketLayout.TP_STATUS_COPY) != 0) {
            int got = calls.recv(fd, spare.segment(), 0, SPARE_BYTES);
            if (got < 0 && got != -Errno.EAGAIN) {
                // An error that waited at the socket came first; the frame must not wait for the next such slot.
                got = calls.recv(fd, spare.segment(), 0, SPARE_BYTES);
            }
            return got < HEADER || got - HEADER != length ? NetTransmit.MALFORMED
                    : arrival.begin(spare, 0, HEADER, length, tag(at, status));
        }
        if (captured != length || frame < PacketLayout.SLOT_HEADER + HEADER || captured < 0
                || captured > receive.slotBytes() - frame) {
            return NetTransmit.MALFORMED;
        }
        return arrival.begin(rings, at + frame - HEADER, at + frame, captured, tag(at, status));
    }

    private int tag(long at, int status) {
        if ((status & PacketLayout.TP_STATUS_VLAN_VALID) == 0) {
            return Arrival.NO_TAG;
        }
        int type = (status & PacketLayout.TP_STATUS_VLAN_TPID_VALID) != 0 ? rings.u16(at + PacketLayout.TAG_TYPE)
                : DEFAULT_TAG_TYPE;
        return type << Short.SIZE | rings.u16(at + PacketLayout.TAG);
    }

    @Override
    public ScatterList pieces() {
        return arrival.pieces();
    }

    @Override
    public int start() {
        return Arrival.HEADER;
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
        if (!arrival.held()) {
            rings.u32Release((long) next * receive.slotBytes() + PacketLayout.STATUS, PacketLayout.TP_STATUS_FREE);
            next = next + 1 & receive.slots() - 1;
        }
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
        if (offload.segmented()) {
            return segments(frame, from, length, offload);
        }
        if (length > state.mtu() + Arrival.ETHER_HEADER + Arrival.TAG_BYTES
                || length > send.slotBytes() - PacketLayout.SEND_DATA - HEADER) {
            return NetReceive.TOO_LONG;
        }
        long at = receive.bytes() + (long) nextSend * send.slotBytes();
        if (rings.u32Acquire(at + PacketLayout.STATUS) != PacketLayout.TP_STATUS_FREE) {
            return NetReceive.NO_BUFFERS;
        }
        rings.u64(at + PacketLayout.SEND_DATA, offload.firstWord());
        rings.u16(at + PacketLayout.SEND_DATA + Long.BYTES, offload.lastField());
        frame.read(from, rings, at + PacketLayout.SEND_DATA + HEADER, length);
        rings.u32(at + PacketLayout.LENGTH, HEADER + length);
        // Release: the frame is there before the kernel may take it.
        rings.u32Release(at + PacketLayout.STATUS, PacketLayout.TP_STATUS_SEND_REQUEST);
        nextSend = nextSend + 1 & send.slots() - 1;
        staged++;
        return NetReceive.DELIVERED;
    }

    private int segments(ScatterList frame, long from, int length, NetOffload offload) {
        // Those before it first.
        flush();
        big.u64(0, offload.firstWord());
        big.u16(Long.BYTES, offload.lastField());
        frame.read(from, big, HEADER, length);
        int sent = calls.send(bigFd, big.segment(), 0, HEADER + length);
        if (sent >= 0) {
            return NetReceive.DELIVERED;
        }
        return switch (-sent) {
            case Errno.EAGAIN, Errno.ENOBUFS, Errno.ENOMEM, Errno.EINTR -> NetReceive.NO_BUFFERS;
            case Errno.EINVAL, Errno.EMSGSIZE -> NetReceive.TOO_LONG;
            default -> {
                asked = true;
                yield NetReceive.CLOSED;
            }
        };
    }

    @Override
    public void flush() {
        if (staged == 0 || fd < 0) {
            return;
        }
        int result = calls.send(fd, nothing, 0, 0);
        if (result >= 0) {
            up = true;
            // It stops early when its own limits are reached, and says nothing.
            retry = slotStatus(nextSend - 1) == PacketLayout.TP_STATUS_SEND_REQUEST;
            staged = retry ? staged : 0;
            return;
        }
        switch (-result) {
            // The device has no room, or there is no carrier: the frames stay, and when the ring is full, new ones go.
            case Errno.EAGAIN, Errno.ENOBUFS, Errno.ENOMEM, Errno.EINTR -> retry = true;
            default -> {
                discard();
                up = false;
                asked = true;
            }
        }
    }

    /** Takes back what the kernel has not sent: it goes on with the same slots when the interface is up again. */
    private void discard() {
        while (staged > 0 && slotStatus(nextSend - 1) == PacketLayout.TP_STATUS_SEND_REQUEST) {
            nextSend = nextSend - 1 & send.slots() - 1;
            rings.u32Release(receive.bytes() + (long) nextSend * send.slotBytes() + PacketLayout.STATUS,
                    PacketLayout.TP_STATUS_FREE);
            staged--;
            lost++;
        }
        staged = 0;
        retry = false;
    }

    private int slotStatus(int slot) {
        int index = slot & send.slots() - 1;
        return rings.u32Acquire(receive.bytes() + (long) index * send.slotBytes() + PacketLayout.STATUS);
    }

    @Override
    public int takeLost() {
        int taken = lost;
        lost = 0;
        return taken;
    }

    @Override
    public int takeMissed() {
        int taken = missed;
        missed = 0;
        return taken;
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
            trouble = "interface " + name + ": " + reason;
        }
    }

    @Override
    public void close() {
        if (fd >= 0) {
            Fds.close(fd);
            Fds.close(bigFd);
            fd = -1;
            arrival.drop();
            malformed = false;
            arena.close();
        }
        fail("closed");
    }
}
