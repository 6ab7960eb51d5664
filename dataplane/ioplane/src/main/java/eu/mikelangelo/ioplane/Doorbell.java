package eu.mikelangelo.ioplane;

/** How a guest is told that buffers were used. The core writes an eventfd; tests count. */
interface Doorbell {
    /** Tells the guest. @param callFd the eventfd, 0 or more */
    void ring(int callFd);
}
