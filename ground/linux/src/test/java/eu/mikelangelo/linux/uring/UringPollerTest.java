package eu.mikelangelo.linux.uring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.InetSockets;
import eu.mikelangelo.linux.UnixSockets;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class UringPollerTest {
    private static final long SECOND = 1_000_000_000L;

    private final HotCalls calls = new HotCalls();
    private final MemorySegment buffer = Arena.ofAuto().allocate(1 << 16);
    private final List<Integer> descriptors = new ArrayList<>();
    private UringPoller poller;

    @BeforeEach
    void open() {
        switch (Uring.open(8, 16)) {
            case Uring.Opening.Ready(Uring ring) -> poller = new UringPoller(ring);
            case Uring.Opening.Refused(String reason) -> assumeTrue(reason == null, "no io_uring here: " + reason);
        }
    }

    @AfterEach
    void close() {
        poller.close();
        descriptors.forEach(Fds::close);
    }

    @Test
    void tellsWhatAnEdgeTriggeredEpollTells() {
        int[] pair = pair();
        poller.watch(pair[0], 1L << 40);
        assertEquals(1, poller.poll(SECOND));
        assertEquals(1L << 40, poller.token(0));
        assertEquals(UringPoller.WRITABLE, poller.ready(0));
        assertFalse(poller.operation(0));
        assertEquals(0, poller.poll(0));
        calls.write(pair[1], buffer, 0, 5);
        assertEquals(1, poller.poll(SECOND));
        assertEquals(UringPoller.READABLE, poller.ready(0) & ~UringPoller.WRITABLE);
        assertEquals(0, poller.poll(1_000_000), "told once, though nothing was read");
        calls.write(pair[1], buffer, 0, 5);
        assertEquals(1, poller.poll(SECOND));
        Fds.close(pair[1]);
        descriptors.remove((Integer) pair[1]);
        awaitEnd(1L << 40);
    }

    @Test
    void theEndOfAConnectionIsToldHoweverItComes() {
        int listener = keep(InetSockets.listenTcp(UringFixture.loopback(), 64, false));
        for (int round = 0; round < 60; round++) {
            int client = InetSockets.connectTcp(InetSockets.local(listener));
            int server = calls.accept(listener);
            for (int tries = 0; server < 0 && tries < 1000; tries++) {
                Thread.onSpinWait();
                server = calls.accept(listener);
            }
            poller.watch(server, round);
            if (round % 2 == 0) {
                poller.poll(0);
            }
            // Data and end in one segment or in two, closed or reset, before the watch is armed or after.
            if (round % 3 == 0) {
                calls.sendMore(client, buffer, 0, 10);
            }
            if (round % 4 == 0) {
                InetSockets.linger(client, 0);
            }
            if (round % 5 == 0) {
                InetSockets.shutdown(client, InetSockets.SHUT_WR);
            }
            Fds.close(client);
            awaitEnd(round);
            poller.forget(server);
            Fds.close(server);
        }
    }

    private void awaitEnd(long token) {
        int seen = 0;
        for (int tries = 0; tries < 10 && (seen & UringPoller.ENDED) == 0; tries++) {
            int events = poller.poll(SECOND);
            for (int i = 0; i < events; i++) {
                assertEquals(token, poller.token(i));
                seen |= poller.ready(i);
            }
        }
        assertEquals(UringPoller.READABLE | UringPoller.ENDED, seen & ~UringPoller.WRITABLE, "token " + token);
    }

    @Test
    void roomToWriteIsToldWhenItComes() {
        int[] pair = pair();
        poller.watch(pair[0], 1);
        assertEquals(1, poller.poll(SECOND));
        while (calls.send(pair[0], buffer, 0, 1 << 16) > 0) {
            poller.poll(0);
        }
        assertEquals(0, poller.poll(1_000_000));
        while (calls.recv(pair[1], buffer, 0, 1 << 16) > 0) {
            assertTrue(poller.poll(0) >= 0);
        }
        assertTrue(calls.send(pair[0], buffer, 0, 1) > 0 || poller.poll(SECOND) > 0);
    }

    @Test
    void aWakeUpFromAnotherThreadEndsTheWait() throws InterruptedException {
        int event = keep(Fds.eventFd());
        poller.watchInput(event, 9);
        assertEquals(0, poller.poll(0));
        for (int i = 0; i < 3; i++) {
            Thread waker = new Thread(() -> new HotCalls().signal(event));
            waker.start();
            assertEquals(1, poller.poll(Uring.FOR_EVER));
            assertEquals(9, poller.token(0));
            waker.join();
            assertEquals(0, calls.drain(event));
        }
    }

    @Test
    void whatIsForgottenIsSilent() {
        int[] pair = pair();
        poller.watch(pair[0], 1);
        poller.poll(SECOND);
        calls.write(pair[1], buffer, 0, 5);
        poller.forget(pair[0]);
        poller.forget(pair[0]);
        poller.forget(100_000);
        for (int i = 0; i < 5; i++) {
            assertEquals(0, poller.poll(1_000_000));
        }
        poller.watch(pair[0], 2);
        assertEquals(1, poller.poll(SECOND));
        assertEquals(2, poller.token(0));
        poller.watch(pair[0], 3);
        assertEquals(1, poller.poll(SECOND));
        assertEquals(3, poller.token(0));
    }

    @Test
    void aClosedDescriptorIsReusedByAnother() {
        int[] first = pair();
        poller.watch(first[0], 1);
        poller.poll(SECOND);
        poller.forget(first[0]);
        Fds.close(first[0]);
        descriptors.remove((Integer) first[0]);
        int event = keep(Fds.eventFd());
        assertEquals(first[0], event, "the lowest free number is taken");
        poller.watchInput(event, 2);
        assertEquals(0, poller.poll(1_000_000));
        calls.signal(event);
        assertEquals(1, poller.poll(SECOND));
        assertEquals(2, poller.token(0));
        assertEquals(0, calls.recv(first[1], buffer, 0, 8), "the other end has seen the close");
    }

    @Test
    void operationsOfTheCallerComeToo() {
        int[] pair = pair();
        assertTrue(poller.ring().recv(pair[0], buffer, 0, 16, 0, -5));
        assertEquals(0, poller.poll(0));
        calls.write(pair[1], buffer, 0, 7);
        assertEquals(1, poller.poll(SECOND));
        assertTrue(poller.operation(0));
        assertEquals(-5, poller.token(0));
        assertEquals(7, poller.result(0));
        assertEquals(0, poller.flags(0) & Uring.MORE);
    }

    @Test
    void aBadDescriptorIsToldAsBroken() {
        poller.watch(60_000, 4);
        assertEquals(1, poller.poll(SECOND));
        assertEquals(4, poller.token(0));
        assertEquals(UringPoller.READABLE | UringPoller.WRITABLE | UringPoller.ENDED, poller.ready(0));
        assertEquals(0, poller.poll(0));
        assertTrue(calls.recv(60_000, buffer, 0, 1) == -Errno.EBADF);
    }

    @Test
    void nothingIsLostWhenTheQueueRunsOver() {
        int count = 60;
        int[] ends = new int[count];
        for (int i = 0; i < count; i++) {
            int event = keep(Fds.eventFd());
            ends[i] = event;
            poller.watchInput(event, i);
        }
        for (int round = 0; round < 20; round++) {
            for (int end : ends) {
                assertEquals(0, calls.signal(end));
            }
            BitSet told = new BitSet();
            for (int tries = 0; tries < 500 && told.cardinality() < count; tries++) {
                int events = poller.poll(SECOND / 100);
                assertTrue(events >= 0);
                for (int i = 0; i < events; i++) {
                    if (calls.drain(ends[(int) poller.token(i)]) == 0) {
                        told.set((int) poller.token(i));
                    }
                }
            }
            assertEquals(count, told.cardinality(), "round " + round);
        }
        assertTrue(poller.ring().overflows() + poller.rearmed() > 0, "the queue never ran over");
    }

    /** The ring has eight places; another thread cannot make room, for it may not submit. */
    @Test
    void whatFindsTheRingFullWaitsForTheNextPoll() throws InterruptedException {
        int count = 50;
        int[] ends = new int[count];
        for (int i = 0; i < count; i++) {
            ends[i] = keep(Fds.eventFd());
            calls.signal(ends[i]);
        }
        Thread other = new Thread(() -> {
            for (int i = 0; i < count; i++) {
                poller.watchInput(ends[i], i);
            }
            for (int i = 0; i < count; i += 2) {
                poller.forget(ends[i]);
            }
        });
        other.start();
        other.join();
        BitSet told = new BitSet();
        for (int tries = 0; tries < 20 && told.cardinality() < count / 2; tries++) {
            int events = poller.poll(SECOND);
            for (int i = 0; i < events; i++) {
                told.set((int) poller.token(i));
            }
        }
        for (int i = 0; i < count; i++) {
            assertEquals(i % 2 == 1, told.get(i), "descriptor " + i);
        }
    }

    private int[] pair() {
        int[] pair = UnixSockets.pair();
        keep(pair[0]);
        keep(pair[1]);
        return pair;
    }

    private int keep(int descriptor) {
        descriptors.add(descriptor);
        return descriptor;
    }
}
