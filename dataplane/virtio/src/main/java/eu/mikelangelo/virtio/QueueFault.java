package eu.mikelangelo.virtio;

/** Why a queue is not served any more. The text is for an operator. */
public enum QueueFault {
    NONE("working"),
    NOT_ATTACHED("no queue is attached"),
    WRONG_FORMAT("the driver's features name the other ring format than this queue serves"),
    BAD_SIZE("the queue's size is not between 1 and " + VirtQueue.MAX_SIZE + ", or a split queue's no power of two"),
    BAD_RING_ADDRESS("a ring lies outside the announced memory or is not aligned"),
    BAD_BASE("a packed queue is to begin at a position it does not have"),
    AVAILABLE_INDEX("the driver's available index jumped by more than the queue's size"),
    HEAD_INDEX("an available entry names a descriptor outside the table"),
    NEXT_INDEX("a descriptor's next is outside its table"),
    CHAIN_TOO_LONG("a chain has more descriptors than the queue (a loop?)"),
    NOT_AVAILABLE("a chain has a descriptor that is not available (or not any more)"),
    CHANGED("a chain got another length while it was available"),
    UNMAPPED("a descriptor names memory the guest does not have"),
    DESCRIPTOR_TOO_LONG("a descriptor is longer than " + VirtQueue.MAX_DESCRIPTOR_BYTES + " bytes"),
    DIRECTION("a descriptor is to be written where the device reads, or the other way round"),
    INDIRECT_NOT_NEGOTIATED("an indirect descriptor without VIRTIO_F_INDIRECT_DESC"),
    INDIRECT_NESTED("an indirect descriptor inside an indirect table"),
    INDIRECT_WITH_NEXT("an indirect descriptor goes on, or stands in a packed queue's chain"),
    INDIRECT_TABLE("an indirect table is empty, not a multiple of 16 bytes, too long or outside the guest's memory"),
    BUFFER_TOO_SMALL("a receive buffer has no room for the header"),
    MEMORY_GONE("the guest's memory vanished under us (its file was shrunk)"),
    INTERNAL("an error of our own while serving the queue");

    private final String text;

    QueueFault(String text) {
        this.text = text;
    }

    /** @return one clause for an operator */
    public String text() {
        return text;
    }
}
