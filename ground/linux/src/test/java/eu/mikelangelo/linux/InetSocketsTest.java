package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class InetSocketsTest {
    private static final String HELLO = "hello";

    private final HotCalls calls = new HotCalls();
    private final Arena arena = Arena.ofAuto();

    @Test
    void tcpOverIpv4TalksBothWays() throws Exception {
        talk(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), "127.0.0.1");
    }

    @Test
    void tcpOverIpv6TalksBothWays() throws Exception {
        assumeTrue(Files.exists(Path.of("/proc/net/if_inet6")), "no IPv6 in this kernel");
        talk(new InetSocketAddress(InetAddress.getByName("::1"), 0), "::1");
    }

    @Test
    void theIpv6WildcardTakesIpv4Clients() throws Exception {
        assumeTrue(Files.exists(Path.of("/proc/net/if_inet6")), "no IPv6 in this kernel");
        talk(new InetSocketAddress(InetAddress.getByAddress(new byte[16]), 0), "127.0.0.1");
    }

    private void talk(InetSocketAddress where, String from) throws UnknownHostException {
        int listener = InetSockets.listenTcp(where, 8, false);
        int port = InetSockets.local(listener).getPort();
        assertTrue(port > 0);
        assertEquals(-Errno.EAGAIN, calls.accept(listener));
        int client = InetSockets.connectTcp(new InetSocketAddress(InetAddress.getByName(from), port));
        awaitReady(client, EpollEventLayout.EPOLLOUT);
        assertEquals(0, InetSockets.error(client));
        awaitReady(listener, EpollEventLayout.EPOLLIN);
        int server = calls.accept(listener);
        assertTrue(server >= 0, () -> "accept " + server);
        assertEquals(InetSockets.local(client).getPort(), InetSockets.peer(server).getPort());
        assertEquals(port, InetSockets.peer(client).getPort());

        MemorySegment buffer = arena.allocate(64);
        assertEquals(-Errno.EAGAIN, calls.recv(server, buffer, 0, 64));
        MemorySegment text = arena.allocateFrom(HELLO);
        assertEquals(3, calls.sendMore(client, text, 0, 3));
        assertEquals(3, calls.send(client, text, 3, 3));
        awaitReady(server, EpollEventLayout.EPOLLIN);
        int got = calls.recv(server, buffer, 0, 64);
        while (got < 6) {
            awaitReady(server, EpollEventLayout.EPOLLIN);
            got += calls.recv(server, buffer, got, 64 - got);
        }
        assertEquals(HELLO, buffer.getString(0));
        assertEquals(0, InetSockets.shutdown(client, InetSockets.SHUT_WR));
        awaitReady(server, EpollEventLayout.EPOLLIN);
        assertEquals(0, calls.recv(server, buffer, 0, 64));
        Fds.close(server);
        Fds.close(client);
        Fds.close(listener);
    }

    @Test
    void optionsAreKept() throws Exception {
        int fd = InetSockets.tcp(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0));
        assertFalse(InetSockets.noDelay(fd));
        InetSockets.noDelay(fd, true);
        assertTrue(InetSockets.noDelay(fd));
        InetSockets.noDelay(fd, false);
        assertFalse(InetSockets.noDelay(fd));
        InetSockets.receiveBuffer(fd, 16_384);
        assertEquals(32_768, InetSockets.receiveBuffer(fd));
        InetSockets.sendBuffer(fd, 20_000);
        assertEquals(40_000, InetSockets.sendBuffer(fd));
        InetSockets.keepAlive(fd, true);
        InetSockets.incomingCpu(fd, 0);
        assertEquals(0, InetSockets.incomingCpu(fd));
        assertEquals(-Errno.ENOTCONN, InetSockets.shutdown(fd, InetSockets.SHUT_RDWR));
        assertEquals(Errno.ENOTCONN, assertThrows(LinuxException.class, () -> InetSockets.peer(fd)).errno());
        Fds.close(fd);
        assertThrows(LinuxException.class, () -> InetSockets.noDelay(fd, true));
    }

    @Test
    void aLingerOfZeroResets() throws Exception {
        InetSocketAddress here = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0);
        int listener = InetSockets.listenTcp(here, 8, false);
        int client = InetSockets.connectTcp(InetSockets.local(listener));
        awaitReady(listener, EpollEventLayout.EPOLLIN);
        int server = calls.accept(listener);
        InetSockets.linger(server, -1);
        InetSockets.linger(server, 0);
        Fds.close(server);
        awaitReady(client, EpollEventLayout.EPOLLIN);
        assertEquals(-Errno.ECONNRESET, calls.recv(client, arena.allocate(8), 0, 8));
        assertEquals(-Errno.EPIPE, calls.send(client, arena.allocate(8), 0, 8));
        Fds.close(client);
        Fds.close(listener);
    }

    @Test
    void refusedConnectionsSaySo() throws Exception {
        InetSocketAddress here = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0);
        int listener = InetSockets.listenTcp(here, 8, false);
        InetSocketAddress bound = InetSockets.local(listener);
        LinuxException taken = assertThrows(LinuxException.class, () -> InetSockets.listenTcp(bound, 8, false));
        assertEquals(Errno.EADDRINUSE, taken.errno());
        Fds.close(listener);
        int client = InetSockets.connectTcp(bound);
        if (client >= 0) {
            awaitReady(client, EpollEventLayout.EPOLLOUT);
            assertEquals(Errno.ECONNREFUSED, InetSockets.error(client));
            Fds.close(client);
        } else {
            assertEquals(-Errno.ECONNREFUSED, client);
        }
        InetSocketAddress broadcast = new InetSocketAddress(InetAddress.getByName("255.255.255.255"), 1);
        assertTrue(InetSockets.connectTcp(broadcast) < 0);
        InetSocketAddress unresolved = InetSocketAddress.createUnresolved("nowhere.example.org", 1);
        assertThrows(IllegalArgumentException.class, () -> InetSockets.connectTcp(unresolved));
        assertThrows(IllegalArgumentException.class, () -> InetAddressLayout.set(arena.allocate(28), 0, unresolved));
    }

    @Test
    void severalListenersShareAPort() throws Exception {
        InetSocketAddress here = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0);
        int one = InetSockets.listenTcp(here, 8, true);
        int two = InetSockets.listenTcp(InetSockets.local(one), 8, true);
        int accepted = 0;
        for (int i = 0; i < 64; i++) {
            int client = InetSockets.connectTcp(InetSockets.local(one));
            awaitReady(client, EpollEventLayout.EPOLLOUT);
            int server = calls.accept(one);
            accepted += server >= 0 ? 1 : 0;
            Fds.close(server >= 0 ? server : calls.accept(two));
            Fds.close(client);
        }
        assertTrue(accepted > 0 && accepted < 64, "the first listener took " + accepted + " of 64");
        Fds.close(one);
        Fds.close(two);
    }

    @Test
    void datagramsCarryAddresses() throws Exception {
        InetSocketAddress here = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0);
        int a = InetSockets.bindUdp(here, true);
        int b = InetSockets.bindUdp(here, false);
        MemorySegment text = arena.allocateFrom(HELLO);
        MemorySegment name = arena.allocate(InetAddressLayout.SIZE, 8);
        int length = InetAddressLayout.set(name, 0, InetSockets.local(b));
        MemorySegment iovec = arena.allocate(IovecLayout.SIZE, 8);
        IovecLayout.set(iovec, 0, text.address(), 6);
        MemorySegment header = arena.allocate(MessageLayout.SIZE, 8);
        MessageLayout.set(header, name, iovec, 1);
        MessageLayout.nameLength(header, length);
        assertEquals(6, calls.sendmsg(a, header));

        MemorySegment buffer = arena.allocate(4);
        IovecLayout.set(iovec, 0, buffer.address(), 4);
        MessageLayout.set(header, name.fill((byte) 0), iovec, 1);
        awaitReady(b, EpollEventLayout.EPOLLIN);
        assertEquals(4, calls.recvmsg(b, header));
        assertEquals(MessageLayout.MSG_TRUNC, MessageLayout.flags(header) & MessageLayout.MSG_TRUNC);
        assertEquals((byte) 'h', buffer.get(JAVA_BYTE, 0));
        assertEquals(16, MessageLayout.nameLength(header));
        assertEquals(InetSockets.local(a), InetAddressLayout.get(name, 0));
        assertEquals(InetSockets.local(a).getPort(), InetAddressLayout.port(name, 0));
        assertEquals(0x7f000001, InetAddressLayout.ipv4(name, 0));
        assertFalse(InetAddressLayout.isIpv6(name, 0));
        assertEquals(-Errno.EAGAIN, calls.recvmsg(b, header));
        MessageLayout.set(header, null, iovec, 1);
        assertEquals(-Errno.EDESTADDRREQ, calls.sendmsg(a, header));
        assertEquals(0, InetSockets.connect(a, InetSockets.local(b)));
        assertEquals(4, calls.sendmsg(a, header));
        assertThrows(IndexOutOfBoundsException.class, () -> calls.recvmsg(b, arena.allocate(48)));
        assertThrows(IndexOutOfBoundsException.class, () -> MessageLayout.set(header, null, iovec, 2));
        Fds.close(a);
        Fds.close(b);
    }

    @Test
    void addressesSurviveTheirLayout() throws Exception {
        MemorySegment room = arena.allocate(64);
        for (String text : new String[] {"0.0.0.0", "192.0.2.255", "2001:db8::1", "fe80::1%1", "::"}) {
            InetSocketAddress address = new InetSocketAddress(InetAddress.getByName(text), 65_535);
            int length = InetAddressLayout.set(room, 3, address);
            assertEquals(text.contains(":") ? 28 : 16, length);
            assertEquals(address, InetAddressLayout.get(room, 3));
            assertEquals(text.contains(":"), InetAddressLayout.isIpv6(room, 3));
        }
        int[] pair = UnixSockets.pair();
        assertNull(InetSockets.local(pair[0]));
        Fds.close(pair[0]);
        Fds.close(pair[1]);
        assertThrows(IndexOutOfBoundsException.class,
                () -> InetAddressLayout.set(room, 60, new InetSocketAddress("127.0.0.1", 1)));
    }

    /** Waits up to ten seconds: loopback delivers through a soft interrupt, not always before the call returns. */
    private void awaitReady(int fd, int events) {
        int epoll = Fds.epoll();
        MemorySegment room = arena.allocate(EpollEventLayout.SIZE, 8);
        Fds.epollAdd(epoll, fd, events, 0);
        int ready = 0;
        for (int tries = 0; ready == 0 && tries < 100; tries++) {
            ready = calls.epollWait(epoll, room, 100);
        }
        Fds.close(epoll);
        assertEquals(1, ready, "descriptor " + fd + " never became ready");
    }
}
