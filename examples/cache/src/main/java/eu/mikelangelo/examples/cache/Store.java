package eu.mikelangelo.examples.cache;

import eu.mikelangelo.examples.cache.bytes.Decimal;
import eu.mikelangelo.examples.cache.bytes.Text;
import eu.mikelangelo.examples.cache.slab.SlabChunks;
import eu.mikelangelo.memory.Region;
import java.lang.foreign.SegmentAllocator;

/**
 * The items of one shard and what can be done with them. Everything it will ever use is reserved when it is made.
 *
 * <p>Threading: one owner, who also moves its clock ({@link #clock}) about once a second and may let it
 * {@link #sweep} when there is nothing better to do.
 */
public final class Store implements Keeper {
    /** Results of {@link #store}. */
    static final int STORED = 0;
    static final int NOT_STORED = 1;
    static final int EXISTS = 2;
    static final int NOT_FOUND = 3;
    static final int NO_MEMORY = 4;

    /** Times up to this many seconds are counted from now, larger ones are Unix time (protocol.txt). */
    private static final long RELATIVE = 60L * 60 * 24 * 30;
    /** The store's seconds begin with 2: 0 means never and 1 is past. */
    private static final int FIRST_SECOND = 2;
    private static final int PAST = 1;

    private static final long VALUE_ = Text.number("VALUE ");
    private static final int CRLF = '\r' | '\n' << 8;
    private static final long END = Text.number("END\r\n");

    final Items items;
    final Stats stats = new Stats();
    final Region memory;
    private final StoreOptions options;
    private final MetaStore meta;
    private final StatsAnswer statsAnswer;
    private final Decimal decimal = new Decimal();
    /** Seconds of the clock that never steps at the store's second 0. */
    private final long epoch;
    /** Unix time of the store's second 0, by what the wall clock says now. */
    private long wallEpoch;

    /**
     * @param from gives the memory, zero
     * @param unixSeconds the time now
     */
    public Store(SegmentAllocator from, StoreOptions options, long unixSeconds) {
        long bytes = options.memoryBytes() / SlabChunks.PAGE * SlabChunks.PAGE;
        this.options = options;
        this.items = new Items(from, new SlabChunks(new Region(from.allocate(bytes, 4096))), stats);
        this.memory = items.memory;
        this.epoch = unixSeconds - FIRST_SECOND;
        this.wallEpoch = epoch;
        this.meta = new MetaStore(this);
        this.statsAnswer = new StatsAnswer();
    }

    /**
     * Tells the time by a clock that does not step, counted on from the Unix time of the start: what is stored lives as
     * long as it was to live, whatever happens to the wall clock. One that goes back is ignored until it has caught up.
     */
    public void clock(long seconds) {
        items.clock(Math.clamp(seconds - epoch, FIRST_SECOND, Integer.MAX_VALUE - 1));
    }

    /**
     * Tells what the wall clock says. When it was set, the Unix times that clients say from now on are understood by
     * it; what is in the store keeps its time.
     */
    public void wallClock(long unixSeconds) {
        long apart = unixSeconds - unixTime();
        if (apart < -1 || apart > 1) {
            wallEpoch += apart;
        }
    }

    /** Removes what has expired from the next {@code buckets} places of the table. @return items removed */
    public int sweep(int buckets) {
        return items.sweep(buckets);
    }

    /** This store's counters; live. */
    public Stats stats() {
        return stats;
    }

    /** Adds what this store holds to {@code sum}, for an answer that speaks for several. */
    public void addTo(Totals sum) {
        sum.add(this);
    }

    StoreOptions options() {
        return options;
    }

    long uptime() {
        return items.now - FIRST_SECOND;
    }

    long unixTime() {
        return wallEpoch + items.now;
    }

    @Override
    public int execute(Request request, Output output) {
        switch (request.op) {
            case Op.GET, Op.GETS, Op.GAT, Op.GATS -> {
                return get(request, output);
            }
            case Op.SET, Op.ADD, Op.REPLACE, Op.APPEND, Op.PREPEND, Op.CAS -> answer(request, output);
            case Op.META_GET -> {
                return meta.get(request, output);
            }
            case Op.META_SET -> meta.set(request, output);
            case Op.META_DELETE -> meta.delete(request, output);
            case Op.META_ARITHMETIC -> meta.arithmetic(request, output);
            case Op.META_DEBUG -> meta.debug(request, output);
            case Op.DELETE -> delete(request, output);
            case Op.INCREMENT, Op.DECREMENT -> arithmetic(request, output);
            case Op.TOUCH -> touch(request, output);
            case Op.REFUSED_STORE -> refused(request, output);
            case Op.FLUSH_ALL -> flush(request, output);
            case Op.STATS -> {
                return stats(request, output);
            }
            default -> throw new IllegalArgumentException("not for a keeper: operation " + request.op);
        }
        return DONE;
    }

    private static void say(Request request, Output output, Phrase phrase) {
        if (!request.noreply) {
            output.put(phrase);
        }
    }

    // ---- reading ----

    private int get(Request request, Output output) {
        int handle = items.find(request);
        boolean touches = request.op >= Op.GAT;
        if (handle == 0) {
            return miss(request, output, touches);
        }
        long at = Items.at(handle);
        int keyLength = request.keyLength;
        int valueLength = memory.u32(at + ItemLayout.VALUE_LENGTH);
        int room = output.reserve(valueLength + keyLength + 64);
        if (room == Output.FULL) {
            return NO_ROOM;
        } else if (room == Output.WAITS) {
            return NO_BUFFER;
        } else if (room == Output.NEVER) {
            // A cache may forget at any time; a client that must wait for memory it cannot see would be worse off.
            stats.answersWithoutMemory++;
            return miss(request, output, touches);
        }
        if (touches) {
            memory.u32(at + ItemLayout.EXPIRY, expiry(request.exptime));
            stats.touchCommands++;
            stats.touchHits++;
        }
        stats.getCommands++;
        stats.getHits++;
        items.touched(at);
        boolean unique = request.op == Op.GETS || request.op == Op.GATS;
        write(at, keyLength, valueLength, unique, request.last, output);
        return DONE;
    }

    private void write(long at, int keyLength, int valueLength, boolean unique, boolean last, Output output) {
        Region out = output.region();
        int to = output.to();
        out.u64(to, VALUE_);
        to += 6;
        Region.copy(memory, at + ItemLayout.KEY, out, to, keyLength);
        to += keyLength;
        out.u8(to, ' ');
        to = Decimal.write(out, to + 1, memory.u32(at + ItemLayout.CLIENT_FLAGS) & 0xffffffffL);
        out.u8(to, ' ');
        to = Decimal.write(out, to + 1, valueLength);
        if (unique) {
            out.u8(to, ' ');
            to = Decimal.write(out, to + 1, memory.u64(at + ItemLayout.CAS));
        }
        out.u16(to, CRLF);
        to += 2;
        int withEnd = valueLength + ItemLayout.LINE_END;
        Region.copy(memory, at + ItemLayout.KEY + keyLength, out, to, withEnd);
        to += withEnd;
        if (last) {
            out.u64(to, END);
            to += 5;
        }
        output.to(to);
    }

    private int miss(Request request, Output output, boolean touches) {
        if (touches) {
            stats.touchCommands++;
            stats.touchMisses++;
        }
        stats.getCommands++;
        stats.getMisses++;
        if (request.last) {
            output.put(Phrase.END);
        }
        return DONE;
    }

    /** The store's second at which something said to expire at {@code exptime} is gone; 0: never. */
    int expiry(long exptime) {
        if (exptime == 0) {
            return 0;
        } else if (exptime < 0) {
            return PAST;
        } else if (exptime > RELATIVE) {
            return Math.clamp(exptime - wallEpoch, PAST, Integer.MAX_VALUE);
        }
        return (int) Math.min(items.now + exptime, Integer.MAX_VALUE);
    }

    // ---- storing ----

    private void answer(Request request, Output output) {
        say(request, output, switch (store(request, request.op, false)) {
            case STORED -> Phrase.STORED;
            case EXISTS -> Phrase.EXISTS;
            case NOT_FOUND -> Phrase.NOT_FOUND;
            case NO_MEMORY -> Phrase.NO_MEMORY;
            default -> Phrase.NOT_STORED;
        });
    }

    /**
     * Does a store in one of the modes SET to CAS.
     *
     * @param staleAllowed an older number than the item's stores too, and marks the item stale (flag I)
     * @return {@link #STORED} (then {@link Items#cas} is the item's number) or why not
     */
    int store(Request request, int mode, boolean staleAllowed) {
        stats.setCommands++;
        int old = items.find(request);
        if (old == 0) {
            return switch (mode) {
                case Op.SET, Op.ADD -> insert(request, expiry(request.exptime), 0);
                case Op.CAS -> {
                    stats.casMisses++;
                    yield NOT_FOUND;
                }
                default -> NOT_STORED;
            };
        }
        long at = Items.at(old);
        long number = memory.u64(at + ItemLayout.CAS);
        switch (mode) {
            case Op.ADD -> {
                items.wanted(at);
                return NOT_STORED;
            }
            case Op.CAS -> {
                return compareAndSet(request, old, number, staleAllowed);
            }
            case Op.APPEND, Op.PREPEND -> {
                boolean free = request.cas == 0 || request.cas == number;
                return free ? extend(request, old, mode == Op.APPEND) : EXISTS;
            }
            default -> {
                return replace(request, old, expiry(request.exptime), 0);
            }
        }
    }

    private int compareAndSet(Request request, int old, long number, boolean staleAllowed) {
        boolean older = staleAllowed && request.cas != 0 && Long.compareUnsigned(request.cas, number) < 0;
        if (request.cas == number || older) {
            stats.casHits++;
            long at = Items.at(old);
            int won = memory.u16(at + ItemLayout.STATE) & ItemLayout.WON;
            return older ? replace(request, old, memory.u32(at + ItemLayout.EXPIRY), ItemLayout.STALE | won)
                    : replace(request, old, expiry(request.exptime), 0);
        }
        stats.casBadValue++;
        return EXISTS;
    }

    private int insert(Request request, int expiry, int state) {
        int handle = items.allocate(ItemLayout.bytes(request.keyLength, request.valueLength));
        if (handle == 0) {
            stats.noMemory++;
            return NO_MEMORY;
        }
        long at = Items.at(handle);
        memory.u8(at + ItemLayout.KEY_LENGTH, request.keyLength);
        Region.copy(request.keyRegion, request.keyFrom, memory, at + ItemLayout.KEY, request.keyLength);
        fill(request, at, expiry, state);
        items.link(handle, request.hash);
        return STORED;
    }

    private void fill(Request request, long at, int expiry, int state) {
        int length = request.valueLength;
        long value = at + ItemLayout.KEY + request.keyLength;
        memory.u32(at + ItemLayout.EXPIRY, expiry);
        memory.u32(at + ItemLayout.CLIENT_FLAGS, request.clientFlags);
        memory.u32(at + ItemLayout.VALUE_LENGTH, length);
        memory.u16(at + ItemLayout.STATE, state | (request.has('b') ? ItemLayout.BINARY : 0));
        if (length > 0) {
            Region.copy(request.region, request.valueFrom, memory, value, length);
        }
        memory.u16(value + length, CRLF);
    }

    /** A new value for a present key, in the same chunk when it has the right size. */
    private int replace(Request request, int old, int expiry, int state) {
        long at = Items.at(old);
        int bytes = ItemLayout.bytes(request.keyLength, request.valueLength);
        if (items.chunks.classOf(bytes) != memory.u8(at + ItemLayout.SIZE_CLASS)) {
            items.remove(old);
            return insert(request, expiry, state);
        }
        int oldBytes = items.bytesOf(at);
        fill(request, at, expiry, state | ItemLayout.LINKED);
        items.renewed(old, oldBytes);
        return STORED;
    }

    /** append and prepend: flags, expiry and name of the item stay. */
    private int extend(Request request, int old, boolean behind) {
        long at = Items.at(old);
        int oldLength = memory.u32(at + ItemLayout.VALUE_LENGTH);
        int length = oldLength + request.valueLength;
        if (length > options.itemLimit() - request.keyLength) {
            stats.tooLarge++;
            return NOT_STORED;
        }
        int oldBytes = items.bytesOf(at);
        int target = items.chunks.classOf(ItemLayout.bytes(request.keyLength, length))
                == memory.u8(at + ItemLayout.SIZE_CLASS) ? old : copied(request, old, length, ItemLayout.BINARY);
        if (target == 0) {
            return NOT_STORED;
        }
        join(request, target, at, oldLength, behind);
        memory.u32(Items.at(target) + ItemLayout.VALUE_LENGTH, length);
        if (target == old) {
            int kept = ItemLayout.LINKED | ItemLayout.BINARY;
            memory.u16(at + ItemLayout.STATE, memory.u16(at + ItemLayout.STATE) & kept);
            items.renewed(old, oldBytes);
        } else {
            items.remove(old);
            items.link(target, request.hash);
        }
        return STORED;
    }

    /** A chunk for {@code length} bytes of value, with header, key and {@code kept} state of {@code old}; or 0. */
    private int copied(Request request, int old, int length, int kept) {
        items.hold(old);
        int target = items.allocate(ItemLayout.bytes(request.keyLength, length));
        items.hold(0);
        if (target == 0) {
            stats.noMemory++;
            return 0;
        }
        long from = Items.at(old);
        long to = Items.at(target);
        memory.u32(to + ItemLayout.EXPIRY, memory.u32(from + ItemLayout.EXPIRY));
        memory.u32(to + ItemLayout.CLIENT_FLAGS, memory.u32(from + ItemLayout.CLIENT_FLAGS));
        memory.u16(to + ItemLayout.STATE, memory.u16(from + ItemLayout.STATE) & kept);
        memory.u8(to + ItemLayout.KEY_LENGTH, request.keyLength);
        Region.copy(memory, from + ItemLayout.KEY, memory, to + ItemLayout.KEY, request.keyLength);
        return target;
    }

    /** Puts the value of the item at {@code from} and the request's together in {@code target}, maybe the same. */
    private void join(Request request, int target, long from, int oldLength, boolean behind) {
        long old = from + ItemLayout.KEY + request.keyLength;
        long value = Items.at(target) + ItemLayout.KEY + request.keyLength;
        int added = request.valueLength;
        long kept = behind ? value : value + added;
        if (kept != old) {
            // May overlap: a copy of a segment onto itself is exact, Region.copy would not be.
            java.lang.foreign.MemorySegment.copy(memory.segment(), old, memory.segment(), kept, oldLength);
        }
        if (added > 0) {
            Region.copy(request.region, request.valueFrom, memory, behind ? value + oldLength : value, added);
        }
        memory.u16(value + oldLength + added, CRLF);
    }

    // ---- the rest ----

    private void delete(Request request, Output output) {
        int handle = items.find(request);
        if (handle == 0) {
            stats.deleteMisses++;
            say(request, output, Phrase.NOT_FOUND);
            return;
        }
        stats.deleteHits++;
        items.remove(handle);
        say(request, output, Phrase.DELETED);
    }

    private void touch(Request request, Output output) {
        int handle = items.find(request);
        stats.touchCommands++;
        if (handle == 0) {
            stats.touchMisses++;
            say(request, output, Phrase.NOT_FOUND);
            return;
        }
        stats.touchHits++;
        long at = Items.at(handle);
        memory.u32(at + ItemLayout.EXPIRY, expiry(request.exptime));
        items.touched(at);
        say(request, output, Phrase.TOUCHED);
    }

    private void refused(Request request, Output output) {
        int handle = items.find(request);
        if (handle != 0) {
            items.remove(handle);
        }
        if (request.phrase == Phrase.TOO_LARGE) {
            stats.tooLarge++;
        } else {
            stats.noMemory++;
        }
        say(request, output, request.phrase);
    }

    private void arithmetic(Request request, Output output) {
        boolean up = request.op == Op.INCREMENT;
        int handle = items.find(request);
        if (handle == 0) {
            countMiss(up);
            say(request, output, Phrase.NOT_FOUND);
            return;
        }
        int changed = change(request, handle, up);
        if (changed <= 0) {
            say(request, output, changed == 0 ? Phrase.NON_NUMERIC : Phrase.NO_MEMORY_DELTA);
        } else if (!request.noreply) {
            int to = Decimal.write(output.region(), output.to(), decimal.value);
            output.region().u16(to, CRLF);
            output.to(to + 2);
        }
    }

    void countMiss(boolean up) {
        if (up) {
            stats.incrementMisses++;
        } else {
            stats.decrementMisses++;
        }
    }

    /** The number that {@link #change} left. */
    long changedTo() {
        return decimal.value;
    }

    /**
     * Adds the request's delta to a number or takes it away, down to 0; {@link #changedTo} is the result. A number that
     * becomes shorter keeps its length, blanks fill it up (protocol.txt, "Increment/Decrement").
     *
     * @return the item afterwards, or 0: not a number, or -1: no memory (both without a change)
     */
    int change(Request request, int handle, boolean up) {
        long at = Items.at(handle);
        int keyLength = memory.u8(at + ItemLayout.KEY_LENGTH);
        int length = memory.u32(at + ItemLayout.VALUE_LENGTH);
        long value = at + ItemLayout.KEY + keyLength;
        // Behind the value stands its line end, a blank to the reader.
        if (length == 0 || !decimal.unsigned(memory, value, value + length)) {
            return 0;
        }
        long number = decimal.value;
        number = up ? number + request.delta
                : Long.compareUnsigned(request.delta, number) > 0 ? 0 : number - request.delta;
        decimal.value = number;
        int digits = Decimal.length(number);
        int target = handle;
        if (digits > length) {
            target = grown(request, handle, digits);
            if (target == 0) {
                return -1;
            }
        } else {
            items.renewed(handle, items.bytesOf(at));
        }
        if (up) {
            stats.incrementHits++;
        } else {
            stats.decrementHits++;
        }
        writeNumber(Items.at(target), keyLength, number, Math.max(digits, length));
        return target;
    }

    private int grown(Request request, int handle, int digits) {
        long at = Items.at(handle);
        int oldBytes = items.bytesOf(at);
        int bytes = ItemLayout.bytes(request.keyLength, digits);
        if (items.chunks.classOf(bytes) == memory.u8(at + ItemLayout.SIZE_CLASS)) {
            memory.u32(at + ItemLayout.VALUE_LENGTH, digits);
            items.renewed(handle, oldBytes);
            return handle;
        }
        int target = copied(request, handle, digits, ~ItemLayout.LINKED);
        if (target != 0) {
            memory.u32(Items.at(target) + ItemLayout.VALUE_LENGTH, digits);
            items.remove(handle);
            items.link(target, request.hash);
        }
        return target;
    }

    /** Writes a number as the whole value of {@code length} bytes. */
    private void writeNumber(long at, int keyLength, long number, int length) {
        long value = at + ItemLayout.KEY + keyLength;
        int digits = Decimal.length(number);
        long rest = number;
        for (int i = digits - 1; i >= 0; i--) {
            long tenth = Long.divideUnsigned(rest, 10);
            memory.u8(value + i, '0' + (int) (rest - tenth * 10));
            rest = tenth;
        }
        for (int i = digits; i < length; i++) {
            memory.u8(value + i, ' ');
        }
        memory.u16(value + length, CRLF);
    }

    /** A number stored under a new key; see {@link #store} for the result. */
    int insertNumber(Request request, long number, int expiry) {
        int digits = Decimal.length(number);
        int handle = items.allocate(ItemLayout.bytes(request.keyLength, digits));
        if (handle == 0) {
            stats.noMemory++;
            return 0;
        }
        emptyItem(request, handle, digits, expiry);
        writeNumber(Items.at(handle), request.keyLength, number, digits);
        items.link(handle, request.hash);
        decimal.value = number;
        return handle;
    }

    /** An item without a value under a new key. @return its handle, 0: no memory */
    int insertEmpty(Request request, int expiry) {
        int handle = items.allocate(ItemLayout.bytes(request.keyLength, 0));
        if (handle != 0) {
            emptyItem(request, handle, 0, expiry);
            items.link(handle, request.hash);
        }
        return handle;
    }

    private void emptyItem(Request request, int handle, int length, int expiry) {
        long at = Items.at(handle);
        memory.u8(at + ItemLayout.KEY_LENGTH, request.keyLength);
        memory.u32(at + ItemLayout.EXPIRY, expiry);
        memory.u32(at + ItemLayout.CLIENT_FLAGS, 0);
        memory.u32(at + ItemLayout.VALUE_LENGTH, length);
        memory.u16(at + ItemLayout.STATE, 0);
        Region.copy(request.keyRegion, request.keyFrom, memory, at + ItemLayout.KEY, request.keyLength);
        memory.u16(at + ItemLayout.KEY + request.keyLength + length, CRLF);
    }

    private void flush(Request request, Output output) {
        stats.flushCommands++;
        // As in memcached a later flush replaces one that is still to come, and one without delay takes a number.
        if (request.exptime > 0) {
            items.flushAt = Math.max(expiry(request.exptime), items.now);
            items.clock(items.now);
        } else {
            items.flushAt = 0;
            items.flushedCas = ++items.cas;
        }
        say(request, output, Phrase.OK);
    }

    private int stats(Request request, Output output) {
        if (request.kind == Op.RESET) {
            stats.reset();
            output.put(Phrase.RESET);
            return DONE;
        }
        statsAnswer.totals().clear();
        statsAnswer.totals().add(this);
        return statsAnswer.write(request.kind, output);
    }
}
