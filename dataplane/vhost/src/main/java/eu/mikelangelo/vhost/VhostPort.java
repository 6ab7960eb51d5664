package eu.mikelangelo.vhost;

import eu.mikelangelo.linux.FdList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One vhost-user socket, served for as long as the port exists. Made by {@link VhostRuntime#add}; the public methods
 * may be called from any thread, everything else belongs to the runtime's control thread.
 */
public final class VhostPort {
    final String path;
    final boolean server;
    final BackEndConfig config;
    final BackendHandler handler;

    /** Bytes of the message that is being received, seen by the kernel and by the codec. */
    final MemorySegment bytes = Arena.ofAuto().allocate(VhostCodec.MAX_MESSAGE, 8);
    final ByteBuffer message = bytes.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    final FdList fds = new FdList(MessageLayout.MAX_REGIONS);
    int received;

    int slot;
    int listener = -1;
    int socket = -1;
    BackEndSession session;
    long connectedNs;
    /** Messages in the second that began then. */
    long windowNs;
    int windowMessages;
    /** When to try to connect (or to listen) next, and how long to wait after that. */
    long retryNs;
    long backOffMs;
    /** Since when there has been no connection. */
    long lostNs;

    /** Whether it was logged that the present session declined a request; a front-end may repeat itself for ever. */
    boolean declineTold;

    private volatile int runningRings;
    private volatile int status;
    private volatile int connections;
    private volatile boolean listening;
    private volatile boolean connected;
    private volatile String lastError = "";

    VhostPort(String path, boolean server, BackEndConfig config, BackendHandler handler) {
        this.path = path;
        this.server = server;
        this.config = config;
        this.handler = handler;
    }

    /** The socket's path. */
    public String path() {
        return path;
    }

    /** True while a front-end is connected. */
    public boolean connected() {
        return connected;
    }

    /** True while a server port has its socket; always false for one that connects. */
    public boolean listening() {
        return listening;
    }

    /** How many rings run now. */
    public int runningRings() {
        return runningRings;
    }

    /**
     * The device status as the front-end last said it (VIRTIO 1.3 section 2.1: 1 acknowledge, 2 driver, 4 driver ok,
     * 8 features ok); 0 when it says none.
     */
    public int status() {
        return status;
    }

    /** How many connections there have been. */
    public int connections() {
        return connections;
    }

    /** Why the last connection ended or could not be made; empty when there has been no trouble. */
    public String lastError() {
        return lastError;
    }

    void isConnected(boolean now) {
        if (now) {
            connections = connections + 1;
        }
        connected = now;
    }

    void isListening(boolean now) {
        listening = now;
    }

    void state(int running, int deviceStatus) {
        runningRings = running;
        status = deviceStatus;
    }

    void failed(String why) {
        lastError = why;
    }
}
