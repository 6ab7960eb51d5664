package eu.mikelangelo.vhost;

import eu.mikelangelo.linux.FdList;
import eu.mikelangelo.virtio.Features;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Runs a session against a program given as bytes: the honest start of a front-end, as far as the program wants it,
 * then well-formed messages with values from the input, sometimes with bytes of them overwritten, with descriptors of
 * several kinds. {@link CheckingHandler}, {@link FakeFiles} and {@link SessionOracle} throw when a promise is broken.
 */
public final class VhostFuzz {
    private static final int MAX_STEPS = 200;
    /** Of a program that is made from a seed. */
    private static final int PROGRAM_BYTES = 2_000;
    private static final RequestType[] TYPES = RequestType.values();
    private static final FakeFiles.Kind[] KINDS = FakeFiles.Kind.values();
    private static final long USER = 0x10000;
    private static final long REGION = 0x40000;
    private static final long OFFERED = Features.NET_OFFERED | Ring.PACKED;
    private static final long REPORT_EVERY = 1 << 22;

    /** What was done since the class was loaded. */
    static final MessageTally TALLY = new MessageTally();

    private final byte[] input;
    private int at;
    private final ByteBuffer message = ByteBuffer.allocate(VhostCodec.MAX_MESSAGE).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer reply = ByteBuffer.allocate(VhostCodec.MAX_MESSAGE).order(ByteOrder.LITTLE_ENDIAN);
    private final FdList fds = new FdList(MessageLayout.MAX_REGIONS);
    private final FakeFiles files = new FakeFiles();
    private final CheckingHandler handler = new CheckingHandler(files);
    private final BackEndSession session;
    private final SessionOracle oracle;
    private final int rings;
    private final boolean packed;
    private boolean strange;

    private VhostFuzz(byte[] input) {
        this.input = input;
        int mode = next8();
        packed = (mode & 1) != 0;
        rings = 2 * (1 + (mode >> 1) % BackEndConfig.MAX_QUEUE_PAIRS);
        oracle = new SessionOracle(rings, OFFERED);
        handler.refuseEvery = (mode & 0xf0) == 0xf0 ? 1 + (mode & 7) : 0;
        files.poor = mode % 32 == 31;
        files.trusting = mode % 16 == 15;
        handler.position = next8();
        session = new BackEndSession(new BackEndConfig(OFFERED, rings / 2, files.trusting), handler, files);
    }

    /** Runs one input, for the fuzzer; says now and then how far it has come. */
    public static void fuzzerTestOneInput(byte[] input) {
        long before = TALLY.messages / REPORT_EVERY;
        run(input);
        if (TALLY.messages / REPORT_EVERY != before) {
            System.err.println(TALLY.summary());
        }
    }

    /** Runs the program that a seed stands for. */
    static void runSeed(long seed) {
        byte[] program = new byte[PROGRAM_BYTES];
        new SplittableRandom(seed).nextBytes(program);
        try {
            run(program);
        } catch (LinkageError notBuilt) {
            throw notBuilt;
        } catch (RuntimeException | Error broken) {
            throw new AssertionError("seed " + seed, broken);
        }
    }

    /** Runs one input. @return how many rings were started, a measure of how deep it came */
    static long run(byte[] input) {
        VhostFuzz fuzz = new VhostFuzz(input);
        fuzz.honest();
        fuzz.steps();
        TALLY.end(fuzz.session.error());
        fuzz.end();
        TALLY.programs++;
        TALLY.started += fuzz.handler.starts > 0 ? 1 : 0;
        TALLY.packed += fuzz.packed ? 1 : 0;
        return fuzz.handler.starts;
    }

    /** The start of a network device; one program in four leaves it early. */
    private void honest() {
        List<Request> start = new ArrayList<>();
        int choice = next8();
        boolean slots = (choice & 1) != 0;
        start.add(new Request.Number(RequestType.SET_PROTOCOL_FEATURES, BackEndConfig.PROTOCOL_SERVED));
        long features = BackEndConfig.PROTOCOL_FEATURES | OFFERED & ~(packed ? 0 : Ring.PACKED);
        start.add(new Request.Number(RequestType.SET_FEATURES, features));
        if (slots) {
            start.add(new Request.MemorySlot(RequestType.ADD_MEM_REG, region(0)));
            start.add(new Request.MemorySlot(RequestType.ADD_MEM_REG, region(1)));
        } else {
            start.add(new Request.MemoryTable(List.of(region(0), region(1))));
        }
        if ((choice & 2) != 0) {
            start.add(new Request.Inflight(RequestType.GET_INFLIGHT_FD, 0, 0, rings, 64));
        }
        int started = 1 + (choice >> 2) % rings;
        for (int i = 0; i < started; i++) {
            honestRing(i, start);
        }
        int length = next8() % 4 == 0 ? next8() % start.size() : start.size();
        for (int i = 0; i < length && session.error().isEmpty(); i++) {
            VhostCodec.encode(start.get(i), i % 2 == 0, message);
            honestDescriptors(start.get(i));
            send();
        }
    }

    private void honestRing(int index, List<Request> start) {
        long base = USER + 0x4000L * index;
        start.add(new Request.VringState(RequestType.SET_VRING_NUM, index, 64));
        start.add(new Request.VringState(RequestType.SET_VRING_BASE, index, packed ? 0x8000 : 0));
        start.add(new Request.VringAddress(index, 0, base, base + 0x2000, base + 0x1000, 0));
        start.add(new Request.VringFd(RequestType.SET_VRING_KICK, index, true));
        start.add(new Request.VringFd(RequestType.SET_VRING_CALL, index, true));
        start.add(new Request.VringState(RequestType.SET_VRING_ENABLE, index, 1));
    }

    private static Request.MemoryRegion region(int index) {
        return new Request.MemoryRegion(index * REGION, REGION, USER + index * REGION, index * REGION);
    }

    private void steps() {
        for (int step = 0; step < MAX_STEPS && at < input.length && session.error().isEmpty(); step++) {
            Request request = next();
            VhostCodec.encode(request, next8() % 4 != 0, message);
            int mutations = next8() % 32 == 0 ? next8() % 4 : 0;
            for (int i = 0; i < mutations; i++) {
                message.put(next8() % message.limit(), (byte) next8());
            }
            if (next8() % 128 == 0) {
                cut();
            }
            if (next8() % 64 == 0) {
                files.scribble(next8() % 24, next8());
            }
            strange = next8() % 32 == 0;
            if (strange && next8() % 2 == 0) {
                anyDescriptors();
            } else {
                honestDescriptors(request);
            }
            strange = false;
            send();
        }
    }

    /** Another length than the request has, which the header sometimes knows of. */
    private void cut() {
        boolean told = next8() % 2 == 0;
        int length = next8() % 2 == 0 ? message.limit() - 1 - next8() % 40 : next8() % VhostCodec.MAX_MESSAGE;
        message.limit(Math.max(VhostCodec.HEADER, length));
        if (told) {
            message.putInt(MessageLayout.SIZE, message.limit() - VhostCodec.HEADER);
        }
    }

    private void send() {
        // As the session will see it: mutations may have made another request of it.
        Request seen = VhostCodec.decode(message, fds.count());
        TALLY.message(seen);
        boolean asks = (message.getInt(MessageLayout.FLAGS) & MessageLayout.NEED_REPLY) != 0;
        boolean acknowledge = asks && oracle.acknowledges();
        boolean mustEnd = oracle.mustEnd(message, fds.count());
        int length = session.handle(message, fds, reply);
        CheckingHandler.require(fds.count() == 0, "descriptors left over");
        CheckingHandler.require(length <= 0 || length == reply.limit(), "the length is not that of the reply");
        CheckingHandler.require(reply.limit() == 0 || VhostCodec.isReply(reply)
                && VhostCodec.number(reply) == VhostCodec.number(message)
                && VhostCodec.payloadSize(reply) == reply.limit() - VhostCodec.HEADER, "not a reply to this message");
        if (length == BackEndSession.CLOSE) {
            CheckingHandler.require(!session.error().isEmpty(), "closed without a reason");
            CheckingHandler.require(mustEnd || handler.refuseEvery > 0 || !oracle.mustAccept(seen),
                    "ended by " + seen + ": " + session.error());
            return;
        }
        CheckingHandler.require(!mustEnd, "went on after " + seen);
        TALLY.answers += length > 0 ? 1 : 0;
        files.close(session.takeReplyFd());
        settle(seen, acknowledge, length);
        compare(seen);
    }

    /** The session goes on: what the request was answered says whether it counts. */
    private void settle(Request seen, boolean acknowledge, int length) {
        boolean answersItself = switch (seen) {
            case Request.Plain plain -> plain.type().answers();
            case Request.VringState state -> state.type().answers();
            case Request.Inflight region -> region.type().answers();
            // GET_CONFIG has an empty answer.
            case Request.Unserved other -> other.number() == 24;
            default -> false;
        };
        CheckingHandler.require(length > 0 == (acknowledge || answersItself), "an answer of " + length + " to " + seen);
        boolean declined = !answersItself && acknowledge && reply.getLong(VhostCodec.HEADER) != 0;
        TALLY.declined += declined ? 1 : 0;
        boolean mustRefuse = oracle.mustRefuse(seen);
        boolean mtu = seen instanceof Request.Number number && number.type() == RequestType.NET_SET_MTU;
        CheckingHandler.require(!mustRefuse || declined || mtu && !acknowledge, "accepted " + seen);
        if (!declined) {
            oracle.accepted(seen);
        }
    }

    private void compare(Request after) {
        int running = 0;
        for (int i = 0; i < rings; i++) {
            boolean runs = handler.running[i] != null;
            running += runs ? 1 : 0;
            CheckingHandler.require(runs == oracle.mustRun(i), "ring " + i + (runs ? " runs" : " rests")
                    + " after " + after);
        }
        CheckingHandler.require(session.runningRings() == running, "running rings");
    }

    private void end() {
        session.close();
        session.close();
        CheckingHandler.require(handler.isOver(), "not told of the end");
        if (!session.error().isEmpty()) {
            VhostCodec.encode(new Request.Plain(RequestType.GET_FEATURES), true, message);
            CheckingHandler.require(session.handle(message, fds, reply) == BackEndSession.CLOSE, "alive after the end");
        }
        files.everythingIsClosed();
    }

    private void honestDescriptors(Request request) {
        switch (request) {
            case Request.VringFd fd -> give(fd.hasFd() ? 1 : 0, FakeFiles.Kind.EVENT);
            case Request.MemoryTable table -> give(table.regions().size(), FakeFiles.Kind.SEALED);
            case Request.MemorySlot slot -> give(slot.type() == RequestType.ADD_MEM_REG ? 1 : 0,
                    FakeFiles.Kind.SEALED);
            case Request.Inflight region -> give(region.type() == RequestType.SET_INFLIGHT_FD ? 1 : 0,
                    FakeFiles.Kind.INFLIGHT);
            default -> { }
        }
    }

    /** As many as there should be, of which some may be of another kind. */
    private void give(int count, FakeFiles.Kind kind) {
        for (int i = 0; i < count; i++) {
            files.give(fds, strange && next8() % 2 == 0 ? KINDS[next8() % KINDS.length] : kind);
        }
    }

    private void anyDescriptors() {
        int count = next8() % (MessageLayout.MAX_REGIONS + 1);
        for (int i = 0; i < count; i++) {
            files.give(fds, KINDS[next8() % KINDS.length]);
        }
    }

    private Request next() {
        RequestType type = TYPES[next8() % TYPES.length];
        int index = next8() % 64 != 0 ? next8() % rings : next8() % 4 == 0 ? next8() : rings;
        return switch (type.payload()) {
            case NONE -> new Request.Plain(type);
            case U64 -> new Request.Number(type, number(type));
            case STATE -> new Request.VringState(type, index, value(type));
            case ADDRESS -> address(index);
            case VRING_FD -> new Request.VringFd(type, index & 0xff, next8() % 16 != 0
                    || type == RequestType.SET_VRING_KICK);
            case TABLE -> table();
            case REGION -> new Request.MemorySlot(type, next8() % 8 == 0 ? strangeRegion() : region(next8() % 4));
            case INFLIGHT -> inflight(type);
        };
    }

    private Request inflight(RequestType type) {
        long offset = next8() % 8 == 0 ? next64() : next8() % 4 == 0 ? FakeFiles.INFLIGHT_SIZE - 64L * next8() : 0;
        long size = next8() % 8 == 0 ? next64() : FakeFiles.INFLIGHT_SIZE - offset;
        int queues = next8() % 8 == 0 ? next8() : rings;
        int entries = next8() % 8 == 0 ? (int) next64() & 0xffff : 1 << next8() % 8;
        return new Request.Inflight(type, size, offset, queues, entries);
    }

    private long number(RequestType type) {
        boolean strange = next8() % 16 == 0;
        if (strange && next8() % 2 == 0) {
            // All that is offered and perhaps one thing more.
            return 1L << next8() % 64 | (type == RequestType.SET_FEATURES ? BackEndConfig.PROTOCOL_FEATURES | OFFERED
                    : type == RequestType.SET_PROTOCOL_FEATURES ? BackEndConfig.PROTOCOL_SERVED : 0);
        }
        return switch (type) {
            case SET_FEATURES -> strange ? next64() : BackEndConfig.PROTOCOL_FEATURES
                    | OFFERED & ~(packed ? 0 : Ring.PACKED) & ~(1L << next8() % 32);
            case SET_PROTOCOL_FEATURES -> strange ? next64()
                    : BackEndConfig.PROTOCOL_SERVED & ~(next8() % 2 == 0 ? 1L << next8() % 20 : 0);
            case SET_STATUS -> strange ? next64() : next8() % 16;
            default -> strange ? next64() : 1_000 + next8();
        };
    }

    private int value(RequestType type) {
        boolean strange = next8() % 64 == 0;
        return switch (type) {
            case SET_VRING_NUM -> strange ? (int) next64() : next8() % 32 == 0 ? 0 : 1 << 6 + next8() % 2;
            case SET_VRING_BASE -> strange ? (int) next64() : packed ? 0x8000 | next8() % 72 : next8();
            case SET_VRING_ENABLE -> strange ? (int) next64() : next8() % 4 == 0 ? 0 : 1;
            default -> 0;
        };
    }

    private Request address(int index) {
        long base = USER + 0x4000L * (next8() % 32);
        long descriptors = somewhere(base, 16 * 64);
        long used = somewhere(base + 0x2000, packed ? 4 : 6 + 8 * 64);
        long available = somewhere(base + 0x1000, packed ? 4 : 6 + 2 * 64);
        return new Request.VringAddress(index, next8() % 64 == 0 ? next8() : 0, descriptors, used, available, 0);
    }

    /** Mostly as said; sometimes anywhere, or about the end of a region. @param length of most such parts */
    private long somewhere(long honest, int length) {
        return switch (next8() % 64) {
            case 0 -> next64();
            case 1 -> USER + REGION - 8L * next8();
            case 2 -> USER + 2 * REGION - 2L * next8();
            case 3 -> USER + 2 * REGION - length + 2L * (next8() % 7 - 3);
            default -> honest;
        };
    }

    private Request table() {
        int count = next8() % 16 == 0 ? next8() % 9 : 2;
        List<Request.MemoryRegion> regions = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            regions.add(next8() % 32 == 0 ? strangeRegion() : region(i));
        }
        return new Request.MemoryTable(regions);
    }

    /** Any, or one that is right but for one number. */
    private Request.MemoryRegion strangeRegion() {
        Request.MemoryRegion right = region(next8() % 4);
        switch (next8() % 8) {
            case 0 -> {
                return new Request.MemoryRegion(next64(), right.size(), right.userAddress(), right.mmapOffset());
            }
            case 1 -> {
                return new Request.MemoryRegion(right.guestPhysical(), next64(), right.userAddress(), 0);
            }
            case 2 -> {
                return new Request.MemoryRegion(right.guestPhysical(), right.size(), next64(), right.mmapOffset());
            }
            case 3 -> {
                return new Request.MemoryRegion(right.guestPhysical(), right.size(), right.userAddress(),
                        FakeFiles.FILE_SIZE - next8() * 0x1000L);
            }
            default -> { }
        }
        return new Request.MemoryRegion(next64(), next64(), next64(), next64() >>> 40);
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
