package eu.mikelangelo.ioplane;

import eu.mikelangelo.virtio.ScatterList;

/** Where frames of a port leave the plane. Called by the core that owns the port. */
interface Outlet {
    /**
     * Takes a copy of a frame, to be sent later in this turn.
     *
     * @param fabric the port's switch, for an answer that the outlet gives in the other side's place
     * @param length bytes, the whole of {@code frame}
     * @return null when it was taken, otherwise why not
     */
    Drop offer(Switch fabric, ScatterList frame, int length, long nowNs);
}
