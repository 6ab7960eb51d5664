package eu.mikelangelo.vhost;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Says which messages must end the session, and from the requests that were accepted which rings must run: those with
 * a size, addresses inside the memory, a kick descriptor, and enabled. Written from the specification, not from the
 * session.
 */
final class SessionOracle {
    private final boolean[] size;
    private final boolean[] kick;
    private final boolean[] enabled;
    private final int[] sizes;
    private final Request.VringAddress[] addresses;
    private final List<Request.MemoryRegion> memory = new ArrayList<>();
    /** Taken out one by one: may be said again. */
    private final List<Request.MemoryRegion> gone = new ArrayList<>();
    private final long offered;
    private boolean packed;
    private long protocol;

    SessionOracle(int rings, long offered) {
        this.offered = offered;
        size = new boolean[rings];
        kick = new boolean[rings];
        enabled = new boolean[rings];
        sizes = new int[rings];
        addresses = new Request.VringAddress[rings];
    }

    /** Whether the front-end may ask for acknowledgements. */
    boolean acknowledges() {
        return (protocol & 1 << 3) != 0;
    }

    /** Shapes: numbers on the wire, read without the codec. */
    boolean mustEnd(ByteBuffer message, int fds) {
        int number = message.getInt(0);
        int flags = message.getInt(4);
        int size = message.getInt(8);
        if (size != message.limit() - 12 || (flags & 7) != 1) {
            return true;
        }
        return switch (number) {
            case 5 -> size < 8 || message.getInt(12) != fds || size < 8 + 32 * message.getInt(12);
            case 12, 13, 14 -> size != 8 || fds != ((message.getLong(12) & 0x100) != 0 ? 0 : 1)
                    || (message.getLong(12) & 0xff) >= rings();
            case 8, 10, 11, 18 -> size != 8 || fds > 0 || Integer.compareUnsigned(message.getInt(12), rings()) >= 0;
            case 9 -> size != 40 || fds > 0 || Integer.compareUnsigned(message.getInt(12), rings()) >= 0;
            case 2, 16, 19, 20, 39 -> size != 8 || fds > 0;
            case 1, 3, 4, 15, 17 -> size != 0 || fds > 0;
            case 31 -> fds > 0 || (protocol & 1 << 12) == 0;
            case 32 -> fds != 1;
            case 36 -> size != 0 || fds > 0 || (protocol & 1 << 15) == 0;
            case 37 -> size != 40 || fds != 1;
            case 38 -> size != 40 || fds > 1;
            case 40 -> size != 0 || fds > 0 || (protocol & 1 << 16) == 0;
            default -> false;
        };
    }

    /** Values: of a request that was well-formed and is served. */
    boolean mustRefuse(Request request) {
        return switch (request) {
            case Request.Number number -> switch (number.type()) {
                case SET_FEATURES -> (number.value() & ~(offered | 1L << 30)) != 0;
                case SET_PROTOCOL_FEATURES -> (number.value() & ~BackEndConfig.PROTOCOL_SERVED) != 0;
                case SET_STATUS -> number.value() >>> 8 != 0;
                case NET_SET_MTU -> number.value() < 68 || number.value() > 65_535;
                default -> false;
            };
            case Request.VringState state -> state.type() == RequestType.SET_VRING_NUM
                    && (state.value() < 0 || state.value() > 32_768);
            case Request.Inflight region -> region.queues() > rings() || region.queues() == 0;
            case Request.MemorySlot slot -> slot.type() == RequestType.REM_MEM_REG
                    && !knows(memory, slot.region()) && !knows(gone, slot.region());
            default -> false;
        };
    }

    /** A region that exists may always go, whatever lies in it. */
    boolean mustAccept(Request request) {
        return request instanceof Request.MemorySlot slot && slot.type() == RequestType.REM_MEM_REG
                && (protocol & 1 << 15) != 0 && knows(memory, slot.region());
    }

    private static boolean knows(List<Request.MemoryRegion> regions, Request.MemoryRegion wanted) {
        for (Request.MemoryRegion region : regions) {
            if (region.guestPhysical() == wanted.guestPhysical() && region.size() == wanted.size()
                    && region.userAddress() == wanted.userAddress()) {
                return true;
            }
        }
        return false;
    }

    private int rings() {
        return kick.length;
    }

    void accepted(Request request) {
        switch (request) {
            case Request.Plain plain -> {
                if (plain.type() == RequestType.RESET_DEVICE) {
                    forgetAll();
                } else if (plain.type() == RequestType.RESET_OWNER) {
                    Arrays.fill(enabled, false);
                }
            }
            case Request.Number number -> number(number);
            case Request.MemoryTable table -> {
                memory.clear();
                gone.clear();
                memory.addAll(table.regions());
            }
            case Request.MemorySlot slot -> {
                if (slot.type() == RequestType.ADD_MEM_REG) {
                    if (!knows(memory, slot.region())) {
                        memory.add(slot.region());
                    }
                } else if (knows(memory, slot.region())) {
                    gone.add(slot.region());
                    memory.removeIf(region -> region.guestPhysical() == slot.region().guestPhysical());
                }
            }
            case Request.VringState state -> state(state);
            case Request.VringAddress address -> addresses[address.index()] = address;
            case Request.VringFd fd -> kick[fd.index()] |= fd.type() == RequestType.SET_VRING_KICK;
            default -> { }
        }
    }

    private void forgetAll() {
        for (int i = 0; i < kick.length; i++) {
            size[i] = false;
            kick[i] = false;
            enabled[i] = false;
            addresses[i] = null;
        }
        packed = false;
    }

    private void number(Request.Number number) {
        if (number.type() == RequestType.SET_PROTOCOL_FEATURES) {
            protocol = number.value();
        } else if (number.type() == RequestType.SET_FEATURES) {
            packed = (number.value() & Ring.PACKED) != 0;
            for (int i = 0; i < enabled.length; i++) {
                enabled[i] |= (number.value() & BackEndConfig.PROTOCOL_FEATURES) == 0;
            }
        } else if (number.type() == RequestType.SET_STATUS && number.value() == 0) {
            Arrays.fill(kick, false);
        }
    }

    private void state(Request.VringState state) {
        int index = state.index();
        switch (state.type()) {
            case SET_VRING_NUM -> {
                size[index] = state.value() > 0;
                sizes[index] = state.value();
            }
            case SET_VRING_ENABLE -> enabled[index] = state.value() == 1;
            case GET_VRING_BASE -> kick[index] = false;
            default -> { }
        }
    }

    boolean mustRun(int ring) {
        Request.VringAddress at = addresses[ring];
        if (!size[ring] || !kick[ring] || !enabled[ring] || at == null) {
            return false;
        }
        long entries = sizes[ring];
        return holds(at.descriptor(), 16 * entries, 16)
                && holds(at.available(), packed ? 4 : 6 + 2 * entries, packed ? 4 : 2)
                && holds(at.used(), packed ? 4 : 6 + 8 * entries, 4);
    }

    /** Aligned in the file and hence in our mapping; a ring that is not rests, whether or not it is told so. */
    private boolean holds(long address, long length, int alignment) {
        for (Request.MemoryRegion region : memory) {
            long offset = address - region.userAddress();
            if (offset >= 0 && offset < region.size() && length <= region.size() - offset) {
                return (offset + region.mmapOffset()) % alignment == 0;
            }
        }
        return false;
    }
}
