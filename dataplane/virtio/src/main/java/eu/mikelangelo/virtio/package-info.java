/**
 * The device side of virtqueues and of the network device, sans I/O: memory in, memory out. Kicks and calls are the
 * caller's.
 *
 * <p>A {@link eu.mikelangelo.virtio.VirtQueue}, split or packed, serves one queue;
 * {@link eu.mikelangelo.virtio.NetTransmit} and {@link eu.mikelangelo.virtio.NetReceive} turn its chains into frames.
 * Guests are hostile: what breaks a rule marks the queue broken with a {@link eu.mikelangelo.virtio.QueueFault};
 * nothing throws.
 */
package eu.mikelangelo.virtio;
