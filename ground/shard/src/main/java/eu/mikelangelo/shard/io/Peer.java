package eu.mikelangelo.shard.io;

import eu.mikelangelo.linux.InetAddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;

/**
 * The address of the other side of a datagram: a place that is filled again and again, so that nothing is allocated per
 * datagram. Threading: one shard's alone.
 */
public final class Peer {
    private final MemorySegment memory = Arena.ofAuto().allocate(InetAddressLayout.SIZE, 8);
    private int length;

    /** Nobody yet. */
    public Peer() {
    }

    /** @throws IllegalArgumentException when the address is not resolved */
    public Peer(InetSocketAddress address) {
        set(address);
    }

    /** Fills it. @throws IllegalArgumentException when the address is not resolved */
    public void set(InetSocketAddress address) {
        length = InetAddressLayout.set(memory, 0, address);
    }

    /** Fills it as another is. */
    public void set(Peer other) {
        MemorySegment.copy(other.memory, 0, memory, 0, InetAddressLayout.SIZE);
        length = other.length;
    }

    /** The address; allocates. Null when it is nobody's. */
    public InetSocketAddress address() {
        return length == 0 ? null : InetAddressLayout.get(memory, 0);
    }

    /** The port, 0 to 65,535. */
    public int port() {
        return InetAddressLayout.port(memory, 0);
    }

    MemorySegment memory() {
        return memory;
    }

    int length() {
        return length;
    }

    void length(int bytes) {
        length = bytes;
    }

    @Override
    public String toString() {
        return String.valueOf(address());
    }
}
