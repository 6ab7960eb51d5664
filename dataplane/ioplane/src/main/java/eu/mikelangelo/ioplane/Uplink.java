package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.frame.ArpFrame;
import eu.mikelangelo.ioplane.offload.Checksums;
import eu.mikelangelo.ioplane.passt.AckReminder;
import eu.mikelangelo.ioplane.passt.HandshakeAnswer;
import eu.mikelangelo.ioplane.passt.PendingSyns;
import eu.mikelangelo.ioplane.passt.ReadFences;
import eu.mikelangelo.ioplane.passt.TcpHead;
import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.Watcher;
import eu.mikelangelo.virtio.NetHeaderLayout;
import eu.mikelangelo.virtio.NetOffload;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;

/**
 * A port's connection to its passt: a Unix stream socket with QEMU's framing, a big-endian u32 length before each
 * frame.
 *
 * <p>Frames of a turn are gathered and written with one write; what the socket does not take stays, and what does not
 * fit is dropped and counted. One read per turn fills a bounded buffer from which whole frames are delivered. A
 * length that no frame has closes the connection; it is made again for as long as the port exists, after 10 ms at
 * first, later 500 ms.
 *
 * <p>The first frame on a new connection is ours: an ARP request in the guest's name. From it passt learns the
 * guest's MAC. Until it knows that, it sends to the broadcast address, and a guest ignores TCP that comes that way: a
 * guest that only listens could not be reached, after its start or after a restart of passt.
 *
 * <p>What passt leaves undone is done here, on the frames on their way: {@link HandshakeAnswer}, {@link AckReminder},
 * {@link PendingSyns}; and what follows a SYN is written when passt has read that: {@link ReadFences}.
 *
 * <p>Threading: the core's thread. Nothing is allocated per frame.
 */
final class Uplink implements Outlet, Watcher {
    static final int LENGTH_BYTES = 4;
    /** The longest frame that passt takes (tap.c); over a longer one a later passt closes the connection. */
    static final int LONGEST = 65_535;
    /** Room for four of the longest frames, or some 170 full ones of 1.5 KB. */
    static final int BUFFER_BYTES = 256 << 10;
    static final long FIRST_RETRY_NS = 10_000_000;
    static final long LAST_RETRY_NS = 500_000_000;

    /**
     * How soon to ask again whether passt has read, at first and at last. Its reading makes an event (unix_write_space
     * in Linux), so this is for the one that is missed; a passt that never reads must not keep the core awake.
     */
    private static final long FIRST_ASK_NS = 100_000;
    private static final long LAST_ASK_NS = 50_000_000;

    private final Port port;
    private final String path;
    private final int gatewayIpv4;
    private final Shard shard;
    private final HotCalls calls;
    private final Region out = new Region(Arena.ofAuto().allocate(BUFFER_BYTES, 8));
    private final Region in = new Region(Arena.ofAuto().allocate(BUFFER_BYTES, 8));
    private final ScatterList arrived = new ScatterList(1);
    private final TcpHead tcp = new TcpHead();
    private final HandshakeAnswer handshake = new HandshakeAnswer();
    private final AckReminder reminder = new AckReminder();
    private final PendingSyns opening = new PendingSyns();
    private final ReadFences fences = new ReadFences();
    private final NetOffload finished = new NetOffload();
    /** Of frames that we make. */
    private final ScatterList ours = new ScatterList(1);
    /** When to ask again whether passt has read what is before the fence; MAX_VALUE when nothing waits for that. */
    private long fencedAtNs = Long.MAX_VALUE;
    private long askNs = FIRST_ASK_NS;
    /** The socket has had an event since passt was last asked. */
    private boolean news;
    /** Bytes of this connection that were written to the socket. */
    private long written;
    private int outFrom;
    private int outTo;
    private int inFrom;
    private int inTo;
    private int fd = -1;
    /** What the shard knows the socket by. */
    private long token;
    private boolean readable;
    private boolean writable;
    private boolean waiting;
    private long retryAtNs;
    private long retryNs = FIRST_RETRY_NS;

    /**
     * @param gatewayIpv4 whom the first frame asks for
     * @param shard whose thread calls
     */
    Uplink(Port port, int gatewayIpv4, Shard shard, long nowNs) {
        this.port = port;
        this.path = port.config().uplink();
        this.gatewayIpv4 = gatewayIpv4;
        this.shard = shard;
        this.calls = shard.calls();
        this.retryAtNs = nowNs;
    }

    boolean connected() {
        return fd >= 0;
    }

    /** @return when {@link #turn} must be called again though nothing happened, or {@link Long#MAX_VALUE} */
    long deadlineNs() {
        if (fd < 0) {
            return retryAtNs;
        }
        // A guest whose ring begins to run wakes the core by that; until then there is nobody to offer them to.
        return Math.min(fencedAtNs, port.open() ? opening.deadlineNs() : Long.MAX_VALUE);
    }

    @Override
    public void ready(int what) {
        event((what & READABLE) != 0, (what & WRITABLE) != 0);
    }

    /** There may be news of the socket; the next turn looks. */
    void event(boolean mayRead, boolean mayWrite) {
        readable |= mayRead;
        writable |= mayWrite;
        news = true;
    }

    /**
     * Connects when it is time, writes what was gathered, delivers what arrived and what is due again.
     *
     * @return frames delivered or dropped; when there are any, the switch is to be flushed
     */
    int turn(Switch fabric, long nowNs) {
        if (fd < 0) {
            if (nowNs - retryAtNs < 0) {
                return 0;
            }
            connect(UnixSockets.connect(path), nowNs);
            if (fd < 0) {
                return 0;
            }
        }
        send(nowNs);
        if (fd < 0) {
            return 0;
        }
        int delivered = opening.isEmpty() || !port.open() ? 0 : openAgain(fabric, nowNs);
        if (waiting) {
            delivered += deliver(fabric, nowNs);
        }
        if (fd >= 0 && readable && !waiting) {
            receive(nowNs);
            delivered += fd < 0 ? 0 : deliver(fabric, nowNs);
        }
        return delivered;
    }

    private int openAgain(Switch fabric, long nowNs) {
        int offered = 0;
        // One that the guest cannot take now is no loss: it comes again.
        for (int length = opening.due(ours, nowNs); length > 0; length = opening.due(ours, nowNs)) {
            fabric.offer(port, ours, length, nowNs);
            offered++;
        }
        return offered;
    }

    /** Begins to use a connected socket, or plans the next attempt. @param socket the descriptor, or -errno */
    void connect(int socket, long nowNs) {
        if (socket < 0) {
            retryAtNs = nowNs + retryNs;
            retryNs = Math.min(LAST_RETRY_NS, retryNs * 2);
            return;
        }
        fd = socket;
        outFrom = 0;
        outTo = 0;
        inFrom = 0;
        inTo = 0;
        readable = true;
        writable = true;
        opening.clear();
        fences.clear();
        fencedAtNs = Long.MAX_VALUE;
        askNs = FIRST_ASK_NS;
        written = 0;
        token = shard.watch(fd, this);
        port.count(Port.UPLINK_CONNECTS, 1);
        port.uplinkConnected(true);
        introduce();
    }

    /** Puts the guest's ARP request for the gateway first in line; a port without addresses of its own has none. */
    private void introduce() {
        long mac = port.config().mac();
        int ipv4 = port.config().ipv4();
        if (mac == PortConfig.ANY_MAC || ipv4 == 0 || gatewayIpv4 == 0) {
            return;
        }
        out.big32(0, ArpFrame.BYTES);
        ArpFrame.request(out, LENGTH_BYTES, mac, ipv4, gatewayIpv4);
        outTo = LENGTH_BYTES + ArpFrame.BYTES;
    }

    /**
     * passt takes a long TCP segment as it is, so it is cut only when it is too long for passt; and datagrams always.
     */
    @Override
    public Drop offer(Switch fabric, ScatterList frame, int length, NetOffload offload, long nowNs) {
        if (offload.kind() == NetHeaderLayout.GSO_UDP_L4 || offload.segmented() && length > LONGEST) {
            return Outlet.super.offer(fabric, frame, length, offload, nowNs);
        }
        return take(fabric, frame, length, offload, nowNs);
    }

    @Override
    public Drop offer(Switch fabric, ScatterList frame, int length, long nowNs) {
        return take(fabric, frame, length, finished, nowNs);
    }

    private Drop take(Switch fabric, ScatterList frame, int length, NetOffload offload, long nowNs) {
        if (fd < 0) {
            return Drop.UPLINK_DOWN;
        }
        if (length > LONGEST) {
            return Drop.TOO_LONG;
        }
        int needed = LENGTH_BYTES + length;
        if (!hasRoom(needed)) {
            return Drop.UPLINK_FULL;
        }
        int at = outTo + LENGTH_BYTES;
        // The copy is judged, not the frame, of which the guest may still have a part.
        frame.read(0, out, at, length);
        if (!offload.plain()) {
            Checksums.complete(out, at, length, offload.checksumStart(), offload.checksumPlace());
        }
        boolean segment = tcp.locate(out, at, length);
        long begin = written + outTo - outFrom;
        if (segment && tcp.has(TcpHead.SYN) && !fences.add(tcp.connection(), begin, begin + needed)) {
            return Drop.UPLINK_FULL;
        }
        out.big32(outTo, length);
        outTo += needed;
        if (segment && tcp.whole()) {
            aid(fabric, nowNs);
        }
        return null;
    }

    /** Does what passt leaves undone for a segment that was put in line for it. */
    private void aid(Switch fabric, long nowNs) {
        opening.inward(tcp);
        if (handshake.answers(tcp)) {
            // A guest that has no buffer for the ACK sends its SYN-ACK again, and is answered again.
            int length = handshake.frame(ours);
            fabric.offer(port, ours, length, nowNs);
        }
        if (reminder.reminds(tcp, nowNs)) {
            // Without room for it, it is made again when the guest sends the segment again.
            int length = reminder.frame(ours);
            if (hasRoom(LENGTH_BYTES + length)) {
                out.big32(outTo, length);
                ours.read(0, out, outTo + LENGTH_BYTES, length);
                outTo += LENGTH_BYTES + length;
            }
        }
    }

    private boolean hasRoom(int bytes) {
        if (BUFFER_BYTES - outTo < bytes && outFrom > 0) {
            Region.copy(out, outFrom, out, 0, outTo - outFrom);
            outTo -= outFrom;
            outFrom = 0;
        }
        return BUFFER_BYTES - outTo >= bytes;
    }

    private void send(long nowNs) {
        while (writable && outFrom < outTo && passed(nowNs)) {
            int length = (int) Math.min(outTo - outFrom, fences.next() - written);
            int sent = calls.write(fd, out.segment(), outFrom, length);
            if (sent < 0) {
                writable = false;
                if (sent != -Errno.EAGAIN && sent != -Errno.EINTR) {
                    disconnect(nowNs);
                }
                return;
            }
            retryNs = FIRST_RETRY_NS;
            outFrom += sent;
            written += sent;
            writable = sent == length;
        }
        if (outFrom == outTo) {
            outFrom = 0;
            outTo = 0;
        }
    }

    /** Whether no fence is in the way of the next byte. */
    private boolean passed(long nowNs) {
        if (fences.next() > written) {
            return true;
        }
        if (fencedAtNs != Long.MAX_VALUE && nowNs - fencedAtNs < 0 && !news) {
            return false;
        }
        news = false;
        // While Linux tells us that a piece was read it still counts one byte of it (sock_wfree).
        if (calls.unread(fd) > 1) {
            fencedAtNs = nowNs + askNs;
            askNs = Math.min(LAST_ASK_NS, askNs * 2);
            return false;
        }
        fences.pass();
        fencedAtNs = Long.MAX_VALUE;
        askNs = FIRST_ASK_NS;
        return true;
    }

    private void receive(long nowNs) {
        if (BUFFER_BYTES - inFrom < LENGTH_BYTES + NetTransmit.MAX_FRAME) {
            Region.copy(in, inFrom, in, 0, inTo - inFrom);
            inTo -= inFrom;
            inFrom = 0;
        }
        int room = BUFFER_BYTES - inTo;
        int got = calls.read(fd, in.segment(), inTo, room);
        if (got > 0) {
            inTo += got;
            // A short read has emptied the socket: the next bytes make a new edge.
            readable = got == room;
            retryNs = FIRST_RETRY_NS;
        } else if (got == -Errno.EAGAIN) {
            readable = false;
        } else if (got != -Errno.EINTR) {
            disconnect(nowNs);
        }
    }

    private int deliver(Switch fabric, long nowNs) {
        int frames = 0;
        waiting = false;
        while (inTo - inFrom >= LENGTH_BYTES) {
            int length = in.big32(inFrom);
            if (length < NetTransmit.MIN_FRAME || length > NetTransmit.MAX_FRAME) {
                port.count(Port.UPLINK_BAD_FRAMES, 1);
                disconnect(nowNs);
                return frames;
            }
            if (inTo - inFrom - LENGTH_BYTES < length) {
                break;
            }
            if (tcp.read(in, inFrom + LENGTH_BYTES, length)) {
                opening.outward(tcp, length, nowNs);
            }
            arrived.clear();
            arrived.add(in, inFrom + LENGTH_BYTES, length);
            if (!fabric.fromUplink(port, arrived, length, nowNs)) {
                waiting = true;
                return frames;
            }
            inFrom += LENGTH_BYTES + length;
            frames++;
            if (frames % Switch.BURST == 0) {
                fabric.flush();
            }
        }
        if (inFrom == inTo) {
            inFrom = 0;
            inTo = 0;
        }
        return frames;
    }

    private void disconnect(long nowNs) {
        close();
        retryAtNs = nowNs + retryNs;
        retryNs = Math.min(LAST_RETRY_NS, retryNs * 2);
    }

    /** Closes the socket; a later {@link #turn} would connect again. */
    void close() {
        if (fd >= 0) {
            shard.unwatch(fd, token);
            Fds.close(fd);
            fd = -1;
            port.uplinkConnected(false);
        }
        waiting = false;
        port.uplinkWaits = false;
    }
}
