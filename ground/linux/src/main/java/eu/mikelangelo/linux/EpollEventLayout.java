package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** {@code struct epoll_event} (sys/epoll.h): packed on x86-64 only. */
public final class EpollEventLayout {
    private static final boolean PACKED = System.getProperty("os.arch").equals("amd64");

    public static final long SIZE = PACKED ? 12 : 16;
    public static final long EVENTS = 0;
    public static final long DATA = PACKED ? 4 : 8;

    public static final int EPOLLIN = 0x001;
    public static final int EPOLLOUT = 0x004;
    public static final int EPOLLERR = 0x008;
    public static final int EPOLLHUP = 0x010;
    public static final int EPOLLRDHUP = 0x2000;
    public static final int EPOLLET = 1 << 31;

    private EpollEventLayout() {}

    /** The event bits of element {@code index}. */
    public static int events(MemorySegment events, int index) {
        return events.get(JAVA_INT, index * SIZE + EVENTS);
    }

    /** The caller's value given at registration, of element {@code index}. */
    public static long data(MemorySegment events, int index) {
        return events.get(JAVA_LONG_UNALIGNED, index * SIZE + DATA);
    }

    static void set(MemorySegment event, int bits, long data) {
        event.set(JAVA_INT, EVENTS, bits);
        event.set(JAVA_LONG_UNALIGNED, DATA, data);
    }
}
