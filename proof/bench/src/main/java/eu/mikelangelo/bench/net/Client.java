package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.net.room.Group;
import eu.mikelangelo.bench.net.room.Room;

/** A program that holds both of a switch's ports and sends frames from one to the other, both ways, on one core. */
interface Client extends AutoCloseable {
    /** How one is started. */
    interface Kind<C extends Client> {
        /**
         * Starts one at a switch's two sockets.
         *
         * @throws IllegalStateException when it cannot, with its last words
         */
        C connect(Room room, Sockets sockets, int cpu);
    }

    /** The whole program. */
    Group group();

    /** Sends for a while; nothing counts. */
    void warm(double seconds);

    /** Sends for a window. @return what it has measured, a value for each row that it is for */
    double[] window(double seconds);

    /** What is to be said of the windows until now, for a row's note; may be empty. */
    String note();

    @Override
    void close();
}
