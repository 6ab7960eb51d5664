package eu.mikelangelo.vhost;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Bytes to requests and back. Stateless and without I/O. Decoding never throws for what a peer sent: a bad message
 * becomes {@link Request.Malformed}. Encoding is the front-end's half
 * ({@link eu.mikelangelo.vhost.frontend.FrontEnd}) and the replies.
 */
public final class VhostCodec {
    /** Bytes of a header; {@link #payloadSize} needs that many. */
    public static final int HEADER = MessageLayout.HEADER;
    /** The longest message there is, header included. */
    public static final int MAX_MESSAGE = MessageLayout.MAX_MESSAGE;
    /** {@link #payloadSize} of a header that cannot be served. */
    public static final int BAD_HEADER = -1;

    private VhostCodec() {}

    /**
     * The number of payload bytes that follow a header.
     *
     * @param message at least {@link #HEADER} bytes from index 0, little-endian
     * @return 0 to {@link #MAX_MESSAGE} − {@link #HEADER}, or {@link #BAD_HEADER}
     */
    public static int payloadSize(ByteBuffer message) {
        int size = message.getInt(MessageLayout.SIZE);
        return size < 0 || size > MessageLayout.MAX_PAYLOAD ? BAD_HEADER : size;
    }

    /** True when the sender of this message wants a reply even where the request has none of its own. */
    static boolean needsReply(ByteBuffer message) {
        return (message.getInt(MessageLayout.FLAGS) & MessageLayout.NEED_REPLY) != 0;
    }

    /** True for what a back-end sends: an answer of the version we speak. */
    public static boolean isReply(ByteBuffer message) {
        int flags = message.getInt(MessageLayout.FLAGS);
        return (flags & MessageLayout.REPLY) != 0 && (flags & MessageLayout.VERSION_MASK) == MessageLayout.VERSION;
    }

    /** The request's number on the wire; in a reply that of the request it answers. */
    public static int number(ByteBuffer message) {
        return message.getInt(MessageLayout.REQUEST);
    }

    /**
     * Decodes a whole message: index 0 to the buffer's limit.
     *
     * @param fdCount how many descriptors came with it
     */
    public static Request decode(ByteBuffer message, int fdCount) {
        int number = message.getInt(MessageLayout.REQUEST);
        int flags = message.getInt(MessageLayout.FLAGS);
        int size = message.limit() - MessageLayout.HEADER;
        if (message.getInt(MessageLayout.SIZE) != size) {
            return new Request.Malformed("payload of " + size + " bytes, the header says "
                    + Integer.toUnsignedString(message.getInt(MessageLayout.SIZE)));
        }
        if ((flags & MessageLayout.VERSION_MASK) != MessageLayout.VERSION || (flags & MessageLayout.REPLY) != 0) {
            return new Request.Malformed("flags 0x" + Integer.toHexString(flags) + " are not those of a request");
        }
        RequestType type = RequestType.of(number);
        if (type == null) {
            return new Request.Unserved(number);
        }
        if (fdCount > type.mostDescriptors()) {
            return new Request.Malformed(type + " came with " + fdCount + " descriptors");
        }
        return switch (type.payload()) {
            case NONE -> size == 0 ? new Request.Plain(type) : wrongSize(type, size);
            case U64 -> size == MessageLayout.U64 ? new Request.Number(type, u64(message, 0)) : wrongSize(type, size);
            case STATE -> size == MessageLayout.STATE
                    ? new Request.VringState(type, u32(message, 0), u32(message, 4)) : wrongSize(type, size);
            case ADDRESS -> size == MessageLayout.ADDRESS ? address(message) : wrongSize(type, size);
            case VRING_FD -> size == MessageLayout.U64
                    ? vringFd(type, u64(message, 0), fdCount) : wrongSize(type, size);
            case TABLE -> table(message, size, fdCount);
            case REGION -> size == MessageLayout.SLOT ? slot(type, message, fdCount) : wrongSize(type, size);
            case INFLIGHT -> size == MessageLayout.INFLIGHT || size == MessageLayout.INFLIGHT_PADDED
                    ? inflight(type, message, fdCount) : wrongSize(type, size);
        };
    }

    private static Request slot(RequestType type, ByteBuffer message, int fdCount) {
        if (type == RequestType.ADD_MEM_REG && fdCount == 0) {
            return new Request.Malformed(type + " without a descriptor");
        }
        return new Request.MemorySlot(type, region(message, MessageLayout.SLOT_HEADER));
    }

    private static Request inflight(RequestType type, ByteBuffer message, int fdCount) {
        if (type == RequestType.SET_INFLIGHT_FD && fdCount == 0) {
            return new Request.Malformed(type + " without a descriptor");
        }
        return new Request.Inflight(type, u64(message, 0), u64(message, 8), u16(message, 16), u16(message, 18));
    }

    private static Request.MemoryRegion region(ByteBuffer message, int at) {
        return new Request.MemoryRegion(u64(message, at), u64(message, at + 8), u64(message, at + 16),
                u64(message, at + 24));
    }

    private static Request address(ByteBuffer message) {
        return new Request.VringAddress(u32(message, 0), u32(message, 4), u64(message, 8), u64(message, 16),
                u64(message, 24), u64(message, 32));
    }

    private static Request vringFd(RequestType type, long value, int fdCount) {
        if ((value & ~(MessageLayout.VRING_INDEX_MASK | MessageLayout.VRING_NO_FD)) != 0) {
            return new Request.Malformed(type + " with unknown bits 0x" + Long.toHexString(value));
        }
        int expected = (value & MessageLayout.VRING_NO_FD) != 0 ? 0 : 1;
        if (fdCount != expected) {
            return new Request.Malformed(type + " with " + fdCount + " descriptors instead of " + expected);
        }
        return new Request.VringFd(type, (int) (value & MessageLayout.VRING_INDEX_MASK), expected == 1);
    }

    private static Request table(ByteBuffer message, int size, int fdCount) {
        if (size < MessageLayout.TABLE_HEADER) {
            return wrongSize(RequestType.SET_MEM_TABLE, size);
        }
        int count = u32(message, 0);
        if (count < 0 || count > MessageLayout.MAX_REGIONS) {
            return new Request.Malformed("memory table of " + Integer.toUnsignedString(count) + " regions, at most "
                    + MessageLayout.MAX_REGIONS + " fit a message");
        }
        // QEMU and DPDK send exactly the regions; others the whole array of 8 with the rest unused.
        if (size < MessageLayout.TABLE_HEADER + count * MessageLayout.REGION) {
            return wrongSize(RequestType.SET_MEM_TABLE, size);
        }
        if (fdCount != count) {
            return new Request.Malformed("memory table of " + count + " regions with " + fdCount + " descriptors");
        }
        List<Request.MemoryRegion> regions = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            regions.add(region(message, MessageLayout.TABLE_HEADER + i * MessageLayout.REGION));
        }
        return new Request.MemoryTable(List.copyOf(regions));
    }

    private static Request wrongSize(RequestType type, int size) {
        return new Request.Malformed(type + " with a payload of " + size + " bytes");
    }

    private static int u16(ByteBuffer message, int at) {
        return Short.toUnsignedInt(message.getShort(MessageLayout.HEADER + at));
    }

    private static int u32(ByteBuffer message, int at) {
        return message.getInt(MessageLayout.HEADER + at);
    }

    private static long u64(ByteBuffer message, int at) {
        return message.getLong(MessageLayout.HEADER + at);
    }

    /** Encodes a request into {@code out} from index 0 (limit set, position 0). Descriptors travel beside it. */
    public static void encode(Request request, boolean needReply, ByteBuffer out) {
        out.clear().order(ByteOrder.LITTLE_ENDIAN);
        out.position(MessageLayout.HEADER);
        RequestType type = switch (request) {
            case Request.Plain plain -> plain.type();
            case Request.Number number -> {
                out.putLong(number.value());
                yield number.type();
            }
            case Request.VringState state -> {
                out.putInt(state.index()).putInt(state.value());
                yield state.type();
            }
            case Request.VringAddress a -> {
                out.putInt(a.index()).putInt(a.flags()).putLong(a.descriptor()).putLong(a.used()).putLong(a.available())
                        .putLong(a.log());
                yield RequestType.SET_VRING_ADDR;
            }
            case Request.VringFd fd -> {
                out.putLong(fd.index() | (fd.hasFd() ? 0 : MessageLayout.VRING_NO_FD));
                yield fd.type();
            }
            case Request.MemoryTable table -> {
                out.putInt(table.regions().size()).putInt(0);
                for (Request.MemoryRegion region : table.regions()) {
                    put(region, out);
                }
                yield RequestType.SET_MEM_TABLE;
            }
            case Request.MemorySlot slot -> {
                put(slot.region(), out.putLong(0));
                yield slot.type();
            }
            case Request.Inflight inflight -> {
                put(inflight, out);
                yield inflight.type();
            }
            case Request.Unserved other -> throw new IllegalArgumentException("request " + other.number());
            case Request.Malformed bad -> throw new IllegalArgumentException(bad.why());
        };
        finish(type.number(), MessageLayout.VERSION | (needReply ? MessageLayout.NEED_REPLY : 0), out);
    }

    private static void put(Request.MemoryRegion region, ByteBuffer out) {
        out.putLong(region.guestPhysical()).putLong(region.size()).putLong(region.userAddress())
                .putLong(region.mmapOffset());
    }

    private static void put(Request.Inflight inflight, ByteBuffer out) {
        out.putLong(inflight.mmapSize()).putLong(inflight.mmapOffset()).putShort((short) inflight.queues())
                .putShort((short) inflight.queueSize()).putInt(0);
    }

    /** Encodes the reply to GET_INFLIGHT_FD, as long as the request was. */
    static void replyInflight(Request.Inflight inflight, int size, ByteBuffer out) {
        out.clear().order(ByteOrder.LITTLE_ENDIAN);
        out.position(MessageLayout.HEADER);
        put(inflight, out);
        out.position(MessageLayout.HEADER + size);
        finish(inflight.type().number(), MessageLayout.VERSION | MessageLayout.REPLY, out);
    }

    /** Encodes a reply without a payload, which to GET_CONFIG means an error. */
    static void replyEmpty(int number, ByteBuffer out) {
        out.clear().order(ByteOrder.LITTLE_ENDIAN);
        out.position(MessageLayout.HEADER);
        finish(number, MessageLayout.VERSION | MessageLayout.REPLY, out);
    }

    /** Encodes a reply with a u64. */
    static void replyNumber(int number, long value, ByteBuffer out) {
        out.clear().order(ByteOrder.LITTLE_ENDIAN);
        out.position(MessageLayout.HEADER).putLong(value);
        finish(number, MessageLayout.VERSION | MessageLayout.REPLY, out);
    }

    /** Encodes the reply to GET_VRING_BASE. */
    static void replyState(int number, int index, int value, ByteBuffer out) {
        out.clear().order(ByteOrder.LITTLE_ENDIAN);
        out.position(MessageLayout.HEADER).putInt(index).putInt(value);
        finish(number, MessageLayout.VERSION | MessageLayout.REPLY, out);
    }

    private static void finish(int number, int flags, ByteBuffer out) {
        out.flip();
        out.putInt(MessageLayout.REQUEST, number);
        out.putInt(MessageLayout.FLAGS, flags);
        out.putInt(MessageLayout.SIZE, out.limit() - MessageLayout.HEADER);
    }
}
