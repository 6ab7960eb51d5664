/**
 * Checksum and segmentation offload. What a guest leaves undone on a frame ({@link
 * eu.mikelangelo.virtio.NetOffload}) goes to a receiver that does it itself untouched, in one copy; for another one
 * {@link eu.mikelangelo.ioplane.offload.Finisher} does it here.
 *
 * <p>{@link eu.mikelangelo.ioplane.offload.Admission} decides whether the request fits the frame, before anybody
 * trusts it.
 */
package eu.mikelangelo.ioplane.offload;
