package eu.mikelangelo.virtio;

/** Why a queue is not served any more. The text is for an operator. */
public enum QueueFault {
    NONE("working"),
    NOT_ATTACHED("no queue is attached"),
    BAD_SIZE("the queue's size is not a power of two between 1 and " + SplitQueue.MAX_SIZE),
    BAD_RING_ADDRESS("a ring lies outside the announced memory or is not aligned"),
    AVAILABLE_INDEX("the driver's available index jumped by more than the queue's size"),
    HEAD_INDEX("an available entry names a descriptor outside the table"),
    NEXT_INDEX("a descriptor's next is outside its table"),
    CHAIN_TOO_LONG("a chain has more descriptors than the queue (a loop?)"),
    UNMAPPED("a descriptor names memory the guest does not have"),
    DESCRIPTOR_TOO_LONG("a descriptor is longer than " + SplitQueue.MAX_DESCRIPTOR_BYTES + " bytes"),
    DIRECTION("a descriptor is to be written where the device reads, or the other way round"),
    INDIRECT_NOT_NEGOTIATED("an indirect descriptor without VIRTIO_F_INDIRECT_DESC"),
    INDIRECT_NESTED("an indirect descriptor inside an indirect table"),
    INDIRECT_WITH_NEXT("a descriptor is both indirect and continued"),
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
