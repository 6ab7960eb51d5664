package eu.mikelangelo.vhost;

import java.util.ArrayList;
import java.util.List;

/**
 * Says from the requests that were accepted which rings must run: those with a size, addresses inside the memory, a
 * kick descriptor, and enabled. Written from the specification's "Ring states", not from the session.
 */
final class SessionOracle {
    private final boolean[] size;
    private final boolean[] kick;
    private final boolean[] enabled;
    private final int[] sizes;
    private final Request.VringAddress[] addresses;
    private final List<Request.MemoryRegion> memory = new ArrayList<>();
    private boolean packed;

    SessionOracle(int rings) {
        size = new boolean[rings];
        kick = new boolean[rings];
        enabled = new boolean[rings];
        sizes = new int[rings];
        addresses = new Request.VringAddress[rings];
    }

    void accepted(Request request) {
        switch (request) {
            case Request.Plain plain -> {
                if (plain.type() == RequestType.RESET_DEVICE) {
                    forgetAll();
                } else if (plain.type() == RequestType.RESET_OWNER) {
                    java.util.Arrays.fill(enabled, false);
                }
            }
            case Request.Number number -> number(number);
            case Request.MemoryTable table -> {
                memory.clear();
                memory.addAll(table.regions());
            }
            case Request.MemorySlot slot -> {
                if (slot.type() == RequestType.ADD_MEM_REG) {
                    memory.add(slot.region());
                } else {
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
        if (number.type() == RequestType.SET_FEATURES) {
            packed = (number.value() & Ring.PACKED) != 0;
            for (int i = 0; i < enabled.length; i++) {
                enabled[i] |= (number.value() & BackEndConfig.PROTOCOL_FEATURES) == 0;
            }
        } else if (number.type() == RequestType.SET_STATUS && number.value() == 0) {
            java.util.Arrays.fill(kick, false);
        }
    }

    private void state(Request.VringState state) {
        int index = state.index();
        switch (state.type()) {
            case SET_VRING_NUM -> {
                size[index] = true;
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
        return holds(at.descriptor(), 16 * entries) && holds(at.available(), packed ? 4 : 6 + 2 * entries)
                && holds(at.used(), packed ? 4 : 6 + 8 * entries);
    }

    private boolean holds(long address, long length) {
        for (Request.MemoryRegion region : memory) {
            long offset = address - region.userAddress();
            if (offset >= 0 && offset < region.size() && length <= region.size() - offset) {
                return true;
            }
        }
        return false;
    }
}
