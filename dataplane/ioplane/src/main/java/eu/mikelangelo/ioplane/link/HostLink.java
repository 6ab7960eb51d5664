package eu.mikelangelo.ioplane.link;

import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.virtio.NetOffload;
import eu.mikelangelo.virtio.NetReceive;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.ScatterList;

/**
 * An interface of the host, seen as a port sees a guest's queues. Nothing blocks, all buffers are bounded, nothing is
 * allocated per frame.
 *
 * <p>Threading: opened by any thread, then owned by one, which calls {@link #begin} first; {@link #name},
 * {@link #connected} and {@link #trouble} may be read by any.
 */
public interface HostLink extends AutoCloseable {
    /** No address, for {@link #mac}. */
    long NO_MAC = -1;

    /** @return the interface's name when it was opened */
    String name();

    /** @return the descriptor to be watched in both directions */
    int fd();

    /** @return the host's own MAC address behind this interface, whose frames are not for the switch; or NO_MAC */
    long mac();

    /** The thread that calls this owns the link from now on. @param calls of that thread */
    void begin(HotCalls calls);

    /** There may be news at the descriptor; the next {@link #peek} or {@link #turn} looks. */
    void ready(boolean mayRead, boolean mayWrite, boolean ended);

    /** What is to be done now and then without frames, such as sending again what the device had no room for. */
    void turn(long nowNs);

    /** @return when {@link #turn} must be called though nothing happened, or {@link Long#MAX_VALUE} */
    long deadlineNs();

    /**
     * Shows the next frame from the host; it stays until {@link #done}.
     *
     * @return {@link NetTransmit#EMPTY}, {@link NetTransmit#FRAME} or {@link NetTransmit#MALFORMED}
     */
    int peek();

    /** @return the frame last shown, behind {@link #start} bytes of a virtio-net header */
    ScatterList pieces();

    /** @return where in {@link #pieces} the frame begins, in bytes */
    int start();

    /** @return the length of the frame last shown, in bytes; 0 for a malformed one */
    int length();

    /** @return what the host left to do on the frame last shown; the caller may change it */
    NetOffload offload();

    /** Takes the frame last shown. */
    void done();

    /** @return whether the host takes a frame with this left to do */
    boolean takes(NetOffload offload);

    /**
     * Sends a frame to the host, at the latest with the next {@link #flush}.
     *
     * @param offload what is left to do on it, which {@link #takes} said yes to
     * @return as {@link NetReceive#deliver}; {@link NetReceive#NO_BUFFERS}: the interface takes frames more slowly than
     *         they come, {@link NetReceive#CLOSED}: it is down or gone
     */
    int deliver(ScatterList frame, long from, int length, NetOffload offload);

    /** Sends what was gathered. */
    void flush();

    /** @return frames that were taken by {@link #deliver} and lost all the same, since the last question */
    int takeLost();

    /** @return frames from the host that were lost because nobody took them in time, since the last question */
    int takeMissed();

    /** @return whether frames can pass, as far as is known */
    boolean connected();

    /** @return why the link is closed for good, for an operator; empty while it is not */
    String trouble();

    /** Closes the link for good; {@link #close} is still to be called. The first reason stays. */
    void fail(String reason);

    /** Gives the interface back. Twice is no error; afterwards nothing is shown and everything refused. */
    @Override
    void close();
}
