package eu.mikelangelo.vhost;

import eu.mikelangelo.memory.GuestMemory;

/**
 * What a back-end offers.
 *
 * @param features device feature bits offered (without VHOST_USER_F_PROTOCOL_FEATURES, which the session adds). Fixed
 *        for a machine's life: QEMU goes into a tight retry loop when a successor offers less
 * @param queuePairs of the network device; each is two rings, receive first
 * @param acceptShrinkable whether memory is served that the peer can shrink under us (no F_SEAL_SHRINK): hugetlbfs and
 *        ordinary files, so only of peers one trusts
 * @param protocolFeatures bits of {@link #PROTOCOL_SERVED} that are offered
 */
public record BackEndConfig(long features, int queuePairs, boolean acceptShrinkable, long protocolFeatures) {
    /** VHOST_USER_F_PROTOCOL_FEATURES. */
    public static final long PROTOCOL_FEATURES = 1L << 30;
    /** VHOST_USER_PROTOCOL_F_MQ. */
    public static final long MQ = 1L;
    /** VHOST_USER_PROTOCOL_F_RARP: the guest's address is announced for it after a migration. */
    public static final long RARP = 1L << 2;
    /** VHOST_USER_PROTOCOL_F_REPLY_ACK. */
    public static final long REPLY_ACK = 1L << 3;
    /** VHOST_USER_PROTOCOL_F_MTU. */
    public static final long MTU = 1L << 4;
    /** VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD. */
    public static final long INFLIGHT_SHMFD = 1L << 12;
    /** VHOST_USER_PROTOCOL_F_RESET_DEVICE. */
    public static final long RESET_DEVICE = 1L << 13;
    /** VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS: memory comes and goes a region at a time. */
    public static final long CONFIGURE_MEM_SLOTS = 1L << 15;
    /** VHOST_USER_PROTOCOL_F_STATUS. */
    public static final long STATUS = 1L << 16;
    /**
     * All that a session can serve. Not among them, for a network device has no use for them: requests of the
     * back-end (BACKEND_REQ and what builds on it), the device's configuration (QEMU keeps it itself), dirty logging
     * and post-copy (no live migration yet), shared objects.
     */
    public static final long PROTOCOL_SERVED = MQ | RARP | REPLY_ACK | MTU | INFLIGHT_SHMFD | RESET_DEVICE
            | CONFIGURE_MEM_SLOTS | STATUS;
    /** Most regions that a guest's memory may have, one by one; in a table they are at most 8. */
    public static final int MEM_SLOTS = GuestMemory.MAX_REGIONS;
    /** Most queue pairs of one device. */
    public static final int MAX_QUEUE_PAIRS = 8;

    public BackEndConfig {
        if (queuePairs < 1 || queuePairs > MAX_QUEUE_PAIRS) {
            throw new IllegalArgumentException(queuePairs + " queue pairs, not 1.." + MAX_QUEUE_PAIRS);
        }
        if ((protocolFeatures & ~PROTOCOL_SERVED) != 0) {
            throw new IllegalArgumentException("protocol features 0x"
                    + Long.toHexString(protocolFeatures & ~PROTOCOL_SERVED) + " are not served");
        }
    }

    /** With every protocol feature there is. */
    public BackEndConfig(long features, int queuePairs, boolean acceptShrinkable) {
        this(features, queuePairs, acceptShrinkable, PROTOCOL_SERVED);
    }
}
