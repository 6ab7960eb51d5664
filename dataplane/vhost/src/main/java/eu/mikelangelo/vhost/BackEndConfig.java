package eu.mikelangelo.vhost;

/**
 * What a back-end offers.
 *
 * @param features device feature bits offered (without VHOST_USER_F_PROTOCOL_FEATURES, which the session adds). Fixed
 *        for a machine's life: QEMU goes into a tight retry loop when a successor offers less
 * @param queuePairs of the network device; each is two rings, receive first
 * @param acceptShrinkable whether memory is served that the peer can shrink under us (no F_SEAL_SHRINK): hugetlbfs and
 *        ordinary files, so only of peers one trusts
 */
public record BackEndConfig(long features, int queuePairs, boolean acceptShrinkable) {
    /** VHOST_USER_F_PROTOCOL_FEATURES. */
    public static final long PROTOCOL_FEATURES = 1L << 30;
    /** VHOST_USER_PROTOCOL_F_MQ. */
    public static final long MQ = 1L;
    /** VHOST_USER_PROTOCOL_F_REPLY_ACK. */
    public static final long REPLY_ACK = 1L << 3;
    /** Most queue pairs of one device. */
    public static final int MAX_QUEUE_PAIRS = 8;

    public BackEndConfig {
        if (queuePairs < 1 || queuePairs > MAX_QUEUE_PAIRS) {
            throw new IllegalArgumentException(queuePairs + " queue pairs, not 1.." + MAX_QUEUE_PAIRS);
        }
    }
}
