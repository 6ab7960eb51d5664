package eu.mikelangelo.virtio;

/**
 * What a device side needs to know of a split virtqueue to serve it, as the front-end announced it. Nothing here is
 * checked: the queue that is attached with it does.
 *
 * @param size entries, a power of two (VIRTIO 1.3 section 2.7)
 * @param descriptorUser front-end address of the descriptor table
 * @param availUser front-end address of the available (driver) ring
 * @param usedUser front-end address of the used (device) ring
 * @param nextAvail index of the next available entry to take, 0 to 65,535 (vhost-user SET_VRING_BASE)
 * @param features the feature bits the driver accepted
 */
public record QueueConfig(int size, long descriptorUser, long availUser, long usedUser, int nextAvail, long features) {
}
