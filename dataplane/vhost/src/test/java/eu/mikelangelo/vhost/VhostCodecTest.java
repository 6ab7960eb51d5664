package eu.mikelangelo.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class VhostCodecTest {
    private final ByteBuffer buffer = ByteBuffer.allocate(VhostCodec.MAX_MESSAGE).order(ByteOrder.LITTLE_ENDIAN);

    @Test
    void everyRequestGoesRound() {
        List<Request> requests = new ArrayList<>();
        for (RequestType type : RequestType.values()) {
            switch (type.payload()) {
                case NONE -> requests.add(new Request.Plain(type));
                case U64 -> requests.add(new Request.Number(type, 0x8000_0000_0000_0001L));
                case STATE -> requests.add(new Request.VringState(type, 1, -2));
                case ADDRESS -> requests.add(new Request.VringAddress(3, 1, 4, 5, 6, -7));
                case VRING_FD -> requests.add(new Request.VringFd(type, 255, true));
                case REGION -> requests.add(new Request.MemorySlot(type, new Request.MemoryRegion(1, -2, 3, -4)));
                case INFLIGHT -> requests.add(new Request.Inflight(type, -1, 2, 0xffff, 0x8000));
                case TABLE -> requests.add(new Request.MemoryTable(List.of(new Request.MemoryRegion(1, 2, 3, 4),
                        new Request.MemoryRegion(-1, -2, -3, -4))));
            }
        }
        assertEquals(26, requests.size());
        for (Request request : requests) {
            VhostCodec.encode(request, true, buffer);
            assertTrue(VhostCodec.needsReply(buffer));
            assertEquals(buffer.limit() - VhostCodec.HEADER, VhostCodec.payloadSize(buffer));
            int fds = switch (request) {
                case Request.VringFd fd -> 1;
                case Request.MemoryTable table -> 2;
                case Request.MemorySlot slot -> 1;
                case Request.Inflight inflight -> inflight.type() == RequestType.SET_INFLIGHT_FD ? 1 : 0;
                default -> 0;
            };
            assertEquals(request, VhostCodec.decode(buffer, fds));
        }
    }

    @Test
    void theWireFormatIsTheSpecifications() {
        VhostCodec.encode(new Request.VringState(RequestType.SET_VRING_NUM, 1, 256), false, buffer);
        byte[] expected = {8, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0};
        assertEquals(ByteBuffer.wrap(expected), buffer);
    }

    @Test
    void malformedMessagesAreValues() {
        malformed(new Request.Plain(RequestType.GET_FEATURES), 1, "descriptors");
        malformed(new Request.VringFd(RequestType.SET_VRING_KICK, 0, true), 0, "instead of 1");
        malformed(new Request.VringFd(RequestType.SET_VRING_KICK, 0, false), 1, "instead of 0");
        malformed(new Request.MemoryTable(List.of(new Request.MemoryRegion(1, 2, 3, 4))), 2, "with 2 descriptors");

        VhostCodec.encode(new Request.Plain(RequestType.GET_FEATURES), false, buffer);
        buffer.putInt(4, 2);
        malformed(0, "flags");
        buffer.putInt(4, 5);
        malformed(0, "flags");
        VhostCodec.encode(new Request.MemoryTable(List.of()), false, buffer);
        buffer.putInt(12, 9);
        malformed(8, "9 regions");
        buffer.putInt(12, 1);
        malformed(1, "payload of 8");
        VhostCodec.encode(new Request.Number(RequestType.SET_FEATURES, 1), false, buffer);
        buffer.limit(16).putInt(8, 4);
        malformed(0, "payload of 4");
        buffer.putInt(8, -1);
        assertEquals(VhostCodec.BAD_HEADER, VhostCodec.payloadSize(buffer));
        buffer.putInt(8, 269);
        assertEquals(VhostCodec.BAD_HEADER, VhostCodec.payloadSize(buffer));
    }

    @Test
    void whatIsNotServedIsAValueToo() {
        for (int number : new int[] {0, 6, 7, 21, 22, 23, 24, 28, 33, 35, 41, 42, 43, 44, 99, -1}) {
            VhostCodec.encode(new Request.Plain(RequestType.GET_FEATURES), false, buffer);
            buffer.putInt(0, number);
            assertEquals(new Request.Unserved(number), VhostCodec.decode(buffer, 1));
        }
    }

    @Test
    void slotsAndInflightRegionsNeedTheirDescriptors() {
        Request.MemoryRegion region = new Request.MemoryRegion(1, 2, 3, 4);
        malformed(new Request.MemorySlot(RequestType.ADD_MEM_REG, region), 0, "without a descriptor");
        malformed(new Request.MemorySlot(RequestType.REM_MEM_REG, region), 2, "2 descriptors");
        assertInstanceOf(Request.MemorySlot.class, VhostCodec.decode(buffer, 0));
        malformed(new Request.Inflight(RequestType.SET_INFLIGHT_FD, 1, 2, 3, 4), 0, "without a descriptor");
        malformed(new Request.Inflight(RequestType.GET_INFLIGHT_FD, 1, 2, 3, 4), 1, "1 descriptors");
        // As long as the specification says rather than as QEMU sends it.
        buffer.limit(VhostCodec.HEADER + MessageLayout.INFLIGHT).putInt(8, MessageLayout.INFLIGHT);
        assertInstanceOf(Request.Inflight.class, VhostCodec.decode(buffer, 0));
    }

    /** One byte too few, and eight too many: of every request whose payload has one size. */
    @Test
    void everyShapeHasItsSize() {
        for (RequestType type : RequestType.values()) {
            int fds = switch (type) {
                case ADD_MEM_REG, SET_INFLIGHT_FD, SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR -> 1;
                default -> 0;
            };
            for (int size : new int[] {shape(type) - 1, shape(type) + 8}) {
                if (size < 0 || type == RequestType.SET_MEM_TABLE && size > 8) {
                    continue;
                }
                VhostCodec.encode(new Request.Plain(RequestType.GET_FEATURES), false, buffer);
                buffer.limit(VhostCodec.HEADER + size).putInt(0, type.number()).putInt(8, size);
                malformed(fds, type + " with a payload of " + size);
            }
        }
    }

    private static int shape(RequestType type) {
        return switch (type.payload()) {
            case NONE -> 0;
            case U64, STATE, VRING_FD, TABLE -> 8;
            case ADDRESS, REGION -> 40;
            case INFLIGHT -> 24;
        };
    }

    @Test
    void countsAreUnsigned() {
        VhostCodec.encode(new Request.MemoryTable(List.of()), false, buffer);
        buffer.putInt(12, -1);
        malformed(0, "4294967295 regions");
    }

    @Test
    void aReplyIsOneOfOurVersion() {
        VhostCodec.replyNumber(1, 2, buffer);
        assertTrue(VhostCodec.isReply(buffer));
        buffer.putInt(4, 6);
        assertFalse(VhostCodec.isReply(buffer), "another version");
        buffer.putInt(4, 1);
        assertFalse(VhostCodec.isReply(buffer), "a request");
    }

    @Test
    void whatIsNoRequestIsNotEncoded() {
        assertThrows(IllegalArgumentException.class, () -> VhostCodec.encode(new Request.Unserved(6), false, buffer));
        assertThrows(IllegalArgumentException.class,
                () -> VhostCodec.encode(new Request.Malformed("x"), false, buffer));
    }

    private void malformed(Request request, int fds, String why) {
        VhostCodec.encode(request, false, buffer);
        malformed(fds, why);
    }

    private void malformed(int fds, String why) {
        Request.Malformed bad = assertInstanceOf(Request.Malformed.class, VhostCodec.decode(buffer, fds));
        assertTrue(bad.why().contains(why), bad.why());
    }
}
