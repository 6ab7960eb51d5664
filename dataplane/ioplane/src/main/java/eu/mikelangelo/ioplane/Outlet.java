package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.offload.Finisher;
import eu.mikelangelo.virtio.NetOffload;
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

    /**
     * The same for a frame on which the sender may have left something to do. Here the switch does it, and the outlet is
     * offered what comes out; an outlet that does it itself, or leaves it to what is behind it, says so by overriding
     * this.
     */
    default Drop offer(Switch fabric, ScatterList frame, int length, NetOffload offload, long nowNs) {
        if (offload.plain()) {
            return offer(fabric, frame, length, nowNs);
        }
        Finisher finisher = fabric.finisher();
        finisher.begin(frame, length, offload);
        Drop refused = null;
        for (int bytes = finisher.next(); bytes > 0 && refused == null; bytes = finisher.next()) {
            refused = offer(fabric, finisher.list(), bytes, nowNs);
        }
        return refused;
    }
}
