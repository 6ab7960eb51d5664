/**
 * io_uring (io_uring(7), linux/io_uring.h) for one owner thread, without allocation after set-up.
 *
 * <p>{@link eu.mikelangelo.linux.uring.Uring} is the ring; {@link eu.mikelangelo.linux.uring.UringOperations} its
 * operations; {@link eu.mikelangelo.linux.uring.BufferRing} memory that the kernel picks receive buffers from.
 */
package eu.mikelangelo.linux.uring;
