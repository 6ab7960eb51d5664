package eu.mikelangelo.vhost;

import eu.mikelangelo.linux.FdList;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.virtio.Features;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs a session against a program given as bytes: each step is a well-formed message with values from the input,
 * sometimes with bytes of it overwritten, with descriptors of several kinds. {@link RecordingHandler} throws when a
 * promise is broken.
 */
public final class VhostFuzz {
    private static final int MAX_STEPS = 200;
    private static final RequestType[] TYPES = RequestType.values();

    private final byte[] input;
    private int at;
    private final int sealed = Fds.memFd("sealed", 1 << 20);
    private final int open = Fds.memFd("open", 8192);
    private final int event = Fds.eventFd();
    private final ByteBuffer message = ByteBuffer.allocate(VhostCodec.MAX_MESSAGE).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer reply = ByteBuffer.allocate(VhostCodec.MAX_MESSAGE).order(ByteOrder.LITTLE_ENDIAN);
    private final RecordingHandler handler = new RecordingHandler();
    private int started;

    private VhostFuzz(byte[] input) {
        this.input = input;
        Fds.addSeals(sealed, Fds.F_SEAL_SHRINK);
    }

    /** Runs one input, for the fuzzer. */
    public static void fuzzerTestOneInput(byte[] input) {
        run(input);
    }

    /** Runs one input. @return how many rings were started, a measure of how deep it came */
    static int run(byte[] input) {
        VhostFuzz fuzz = new VhostFuzz(input);
        BackEndConfig config = new BackEndConfig(Features.NET_OFFERED, 1, false);
        BackEndSession session = new BackEndSession(config, fuzz.handler, PeerFiles.ofKernel());
        try {
            fuzz.steps(session);
        } finally {
            session.close();
            Fds.close(fuzz.sealed);
            Fds.close(fuzz.open);
            Fds.close(fuzz.event);
        }
        return fuzz.started;
    }

    private void steps(BackEndSession session) {
        FdList fds = new FdList(MessageLayout.MAX_REGIONS);
        for (int step = 0; step < MAX_STEPS && at < input.length; step++) {
            Request request = next();
            VhostCodec.encode(request, next8() % 4 == 0, message);
            int mutations = next8() % 16 == 0 ? next8() % 4 : 0;
            for (int i = 0; i < mutations; i++) {
                message.put(next8() % message.limit(), (byte) next8());
            }
            if (next8() % 64 == 0) {
                message.limit(Math.max(VhostCodec.HEADER, next8() % VhostCodec.MAX_MESSAGE));
            }
            descriptors(request, fds);
            int length = session.handle(message, fds, reply);
            if (fds.count() != 0) {
                throw new AssertionError("descriptors left over");
            }
            if (length > 0 && length != reply.limit()) {
                throw new AssertionError("length " + length + " is not that of the reply");
            }
            if (length == BackEndSession.CLOSE) {
                if (session.error().isEmpty()) {
                    throw new AssertionError("closed without a reason");
                }
                break;
            }
        }
        started = (int) handler.log.stream().filter(line -> line.startsWith("start")).count();
    }

    private void descriptors(Request request, FdList fds) {
        int wanted = switch (request) {
            case Request.VringFd fd -> fd.hasFd() ? 1 : 0;
            case Request.MemoryTable table -> table.regions().size();
            default -> 0;
        };
        if (next8() % 32 == 0) {
            wanted = next8() % (MessageLayout.MAX_REGIONS + 1);
        }
        for (int i = 0; i < wanted; i++) {
            int likely = request instanceof Request.MemoryTable ? sealed : event;
            int choice = next8() % 32;
            fds.addOrClose(Fds.duplicate(choice == 0 ? open : choice == 1 ? event : choice == 2 ? sealed : likely));
        }
    }

    private Request next() {
        RequestType type = TYPES[next8() % TYPES.length];
        int index = next8() % 32 == 0 ? next8() : next8() % 2;
        return switch (type.payload()) {
            case NONE -> new Request.Plain(type);
            case U64 -> new Request.Number(type, type == RequestType.SET_FEATURES
                    ? (Features.NET_OFFERED | BackEndConfig.PROTOCOL_FEATURES) & ~(next8() % 2 == 0 ? next64() : 0)
                    : next8() % 8 == 0 ? next64() : 9);
            case STATE -> new Request.VringState(type, index, switch (type) {
                case SET_VRING_NUM -> next8() % 16 == 0 ? (int) next64() : 1 << next8() % 16;
                case SET_VRING_BASE -> next8() % 16 == 0 ? (int) next64() : next8();
                default -> next8() % 16 == 0 ? (int) next64() : 1;
            });
            case ADDRESS -> new Request.VringAddress(index, next8() % 16 == 0 ? next8() : 0, address(),
                    address(), address(), 0);
            case VRING_FD -> new Request.VringFd(type, index & 0xff, next8() % 8 != 0);
            case TABLE -> table();
        };
    }

    private Request table() {
        int count = next8() % 4;
        List<Request.MemoryRegion> regions = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long size = next8() % 8 == 0 ? next64() : 0x40000;
            regions.add(new Request.MemoryRegion(next8() % 8 == 0 ? next64() : i * 0x40000L,
                    size, next8() % 8 == 0 ? next64() : 0x10000 + i * 0x40000L,
                    next8() % 8 == 0 ? next64() >>> 40 : i * 0x40000L));
        }
        return new Request.MemoryTable(regions);
    }

    private long address() {
        return next8() % 8 == 0 ? next64() : 0x10000 + 64L * next8();
    }

    private int next8() {
        return at < input.length ? input[at++] & 0xff : 1;
    }

    private long next64() {
        long value = 0;
        for (int i = 0; i < 8; i++) {
            value = value << 8 | next8();
        }
        // Small magnitudes of either sign are as interesting as random ones.
        return switch (next8() % 4) {
            case 0 -> value;
            case 1 -> value >> 48;
            case 2 -> value >>> 44;
            default -> 1L << (value & 63);
        };
    }
}
