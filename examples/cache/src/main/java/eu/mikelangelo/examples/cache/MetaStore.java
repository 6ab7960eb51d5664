package eu.mikelangelo.examples.cache;

import eu.mikelangelo.examples.cache.bytes.Base64Key;
import eu.mikelangelo.examples.cache.bytes.Decimal;
import eu.mikelangelo.examples.cache.bytes.Text;
import eu.mikelangelo.memory.Region;

/** What the meta commands do with items, and how they answer (protocol.txt, "Meta Get" and on). */
final class MetaStore {
    private static final int HD = 'H' | 'D' << 8;
    private static final int VA = 'V' | 'A' << 8;
    private static final int EN = 'E' | 'N' << 8;
    private static final int NF = 'N' | 'F' << 8;
    private static final int NS = 'N' | 'S' << 8;
    private static final int EX = 'E' | 'X' << 8;
    private static final int CRLF = '\r' | '\n' << 8;
    /** Code, flags, opaque and encoded key of an answer. */
    private static final int HEAD = 800;

    private static final Phrase EXP = Phrase.part(" exp=");
    private static final Phrase MINUS_ONE = Phrase.part("-1");
    private static final Phrase LA = Phrase.part(" la=");
    private static final Phrase CAS = Phrase.part(" cas=");
    private static final Phrase FETCHED = Phrase.part(" fetch=yes");
    private static final Phrase UNFETCHED = Phrase.part(" fetch=no");
    private static final Phrase CLS = Phrase.part(" cls=");
    private static final Phrase SIZE = Phrase.part(" size=");

    private final Store store;
    private final Items items;
    private final Region memory;
    private final Stats stats;

    MetaStore(Store store) {
        this.store = store;
        this.items = store.items;
        this.memory = store.memory;
        this.stats = store.stats;
    }

    private static int put(Region out, int to, int letter) {
        out.u16(to, ' ' | letter << 8);
        return to + 2;
    }

    private static int number(Region out, int to, int letter, long number) {
        return Decimal.write(out, put(out, to, letter), number);
    }

    private static int end(Region out, int to) {
        out.u16(to, CRLF);
        return to + 2;
    }

    /** The key as the client knows it: binary keys in base64, and then the flag b. */
    private static int key(Region out, int to, Region from, long key, int length, boolean binary) {
        int at = put(out, to, 'k');
        if (!binary) {
            Region.copy(from, key, out, at, length);
            return at + length;
        }
        return put(out, Base64Key.encode(from, key, length, out, at), 'b');
    }

    private static int opaque(Region out, int to, Request request, long token, long end) {
        int length = (int) (end - token);
        out.u8(to, ' ');
        Region.copy(request.region, token, out, to + 1, length);
        return to + 1 + length;
    }

    private static long tokenEnd(Request request, long token) {
        return Text.space(request.region, (int) token, (int) request.metaTo);
    }

    private static long nextToken(Request request, long behind) {
        return Text.word(request.region, (int) behind, (int) request.metaTo);
    }

    /** The flags O and k of the request, in its order. */
    private static int echo(Request request, Region out, int to) {
        int at = to;
        for (long token = request.metaFrom; token < request.metaTo; ) {
            long end = tokenEnd(request, token);
            int letter = request.region.u8(token);
            if (letter == 'O') {
                at = opaque(out, at, request, token, end);
            } else if (letter == 'k') {
                at = key(out, at, request.keyRegion, request.keyFrom, request.keyLength, request.has('b'));
            }
            token = nextToken(request, end);
        }
        return at;
    }

    private void answer(Request request, Output output, int code) {
        Region out = output.region();
        out.u16(output.to(), code);
        output.to(end(out, echo(request, out, output.to() + 2)));
    }

    private int ttl(Region out, int to, long at) {
        int expiry = memory.u32(at + ItemLayout.EXPIRY);
        int place = put(out, to, 't');
        if (expiry != 0) {
            return Decimal.write(out, place, Math.max(0, expiry - items.now));
        }
        out.u16(place, '-' | '1' << 8);
        return place + 2;
    }

    // ---- mg ----

    int get(Request request, Output output) {
        int handle = items.find(request);
        boolean created = false;
        int valueLength = handle == 0 ? 0 : memory.u32(Items.at(handle) + ItemLayout.VALUE_LENGTH);
        int room = output.reserve(HEAD + (request.has('v') ? valueLength : 0));
        if (room == Output.FULL) {
            return Keeper.NO_ROOM;
        } else if (room == Output.WAITS) {
            return Keeper.NO_BUFFER;
        } else if (room == Output.NEVER) {
            stats.answersWithoutMemory++;
            handle = 0;
        } else if (handle == 0 && request.has('N')) {
            handle = store.insertEmpty(request, 0);
            created = handle != 0;
        }
        count(request, handle != 0);
        if (handle != 0) {
            hit(request, output, Items.at(handle), created);
        } else if (!request.has('q')) {
            answer(request, output, EN);
        }
        return Keeper.DONE;
    }

    private void count(Request request, boolean hit) {
        if (hit && request.has('T')) {
            stats.touchCommands++;
            stats.touchHits++;
        } else {
            stats.getCommands++;
        }
        if (hit) {
            stats.getHits++;
        } else {
            stats.getMisses++;
        }
    }

    private void hit(Request request, Output output, long at, boolean created) {
        Region out = output.region();
        int to = output.to();
        int valueLength = memory.u32(at + ItemLayout.VALUE_LENGTH);
        if (request.has('v')) {
            out.u16(to, VA);
            out.u8(to + 2, ' ');
            to = Decimal.write(out, to + 3, valueLength);
        } else {
            out.u16(to, HD);
            to += 2;
        }
        boolean won = created;
        for (long token = request.metaFrom; token < request.metaTo; ) {
            long end = tokenEnd(request, token);
            int letter = request.region.u8(token);
            switch (letter) {
                case 'T' -> memory.u32(at + ItemLayout.EXPIRY, store.expiry(request.exptime));
                case 'N' -> {
                    if (created) {
                        memory.u32(at + ItemLayout.EXPIRY, store.expiry(request.vivifyTime));
                    }
                }
                case 'R' -> won |= !created && wantsRecache(request, at);
                case 'O' -> to = opaque(out, to, request, token, end);
                default -> to = shown(out, to, letter, at, valueLength);
            }
            token = nextToken(request, end);
        }
        to = end(out, tokens(out, to, at, won));
        if (request.has('v')) {
            long value = at + ItemLayout.KEY + memory.u8(at + ItemLayout.KEY_LENGTH);
            Region.copy(memory, value, out, to, valueLength + ItemLayout.LINE_END);
            to += valueLength + ItemLayout.LINE_END;
        }
        output.to(to);
        if (!request.has('u')) {
            items.touched(at);
        }
    }

    /** Expires before the time of R, and nobody has been told yet. */
    private boolean wantsRecache(Request request, long at) {
        int expiry = memory.u32(at + ItemLayout.EXPIRY);
        return (memory.u16(at + ItemLayout.STATE) & ItemLayout.WON) == 0 && expiry != 0
                && expiry < store.expiry(request.recacheTime);
    }

    private int shown(Region out, int to, int letter, long at, int valueLength) {
        int state = memory.u16(at + ItemLayout.STATE);
        return switch (letter) {
            case 's' -> number(out, to, 's', valueLength);
            case 't' -> ttl(out, to, at);
            case 'c' -> number(out, to, 'c', memory.u64(at + ItemLayout.CAS));
            case 'f' -> number(out, to, 'f', memory.u32(at + ItemLayout.CLIENT_FLAGS) & 0xffffffffL);
            case 'l' -> number(out, to, 'l', items.now - memory.u32(at + ItemLayout.ACCESS));
            case 'h' -> number(out, to, 'h', (state & ItemLayout.FETCHED) != 0 ? 1 : 0);
            case 'k' -> key(out, to, memory, at + ItemLayout.KEY, memory.u8(at + ItemLayout.KEY_LENGTH),
                    (state & ItemLayout.BINARY) != 0);
            default -> to;
        };
    }

    /** The flags W, X and Z: who refreshes an item that is stale or about to expire. */
    private int tokens(Region out, int to, long at, boolean wonNow) {
        int at2 = to;
        boolean won = wonNow;
        int state = memory.u16(at + ItemLayout.STATE);
        boolean told = (state & ItemLayout.WON) != 0;
        if (told) {
            at2 = put(out, at2, 'Z');
        }
        if ((state & ItemLayout.STALE) != 0) {
            at2 = put(out, at2, 'X');
            won |= !told;
        }
        if (won) {
            at2 = put(out, at2, 'W');
            memory.u16(at + ItemLayout.STATE, state | ItemLayout.WON);
        }
        return at2;
    }

    // ---- ms ----

    void set(Request request, Output output) {
        int mode = switch (request.mode) {
            case 'E' -> Op.ADD;
            case 'A' -> Op.APPEND;
            case 'P' -> Op.PREPEND;
            case 'R' -> Op.REPLACE;
            default -> Op.SET;
        };
        if (request.has('C') && (mode == Op.SET || mode == Op.REPLACE)) {
            mode = Op.CAS;
        }
        int result = store.store(request, mode, request.has('I'));
        if (result == Store.NO_MEMORY) {
            output.put(Phrase.NO_MEMORY);
            return;
        } else if (result == Store.STORED && request.has('q')) {
            return;
        }
        int code = switch (result) {
            case Store.STORED -> HD;
            case Store.EXISTS -> EX;
            case Store.NOT_FOUND -> NF;
            default -> NS;
        };
        Region out = output.region();
        out.u16(output.to(), code);
        int to = output.to() + 2;
        for (long token = request.metaFrom; token < request.metaTo; ) {
            long end = tokenEnd(request, token);
            switch (request.region.u8(token)) {
                case 'O' -> to = opaque(out, to, request, token, end);
                case 'k' -> to = key(out, to, request.keyRegion, request.keyFrom, request.keyLength,
                        request.has('b'));
                case 'c' -> to = number(out, to, 'c', result == Store.STORED ? items.cas : 0);
                default -> { }
            }
            token = nextToken(request, end);
        }
        output.to(end(out, to));
    }

    // ---- md ----

    void delete(Request request, Output output) {
        int handle = items.find(request);
        if (handle == 0) {
            stats.deleteMisses++;
            answer(request, output, NF);
            return;
        }
        long at = Items.at(handle);
        if (request.has('C') && memory.u64(at + ItemLayout.CAS) != request.cas) {
            stats.deleteMisses++;
            answer(request, output, EX);
            return;
        }
        if (request.has('I')) {
            if (request.has('T')) {
                memory.u32(at + ItemLayout.EXPIRY, store.expiry(request.exptime));
            }
            int state = memory.u16(at + ItemLayout.STATE);
            memory.u16(at + ItemLayout.STATE, state & ~ItemLayout.WON | ItemLayout.STALE);
            memory.u64(at + ItemLayout.CAS, ++items.cas);
        } else {
            stats.deleteHits++;
            items.remove(handle);
        }
        if (!request.has('q')) {
            answer(request, output, HD);
        }
    }

    // ---- ma ----

    void arithmetic(Request request, Output output) {
        boolean up = request.mode != 'D' && request.mode != '-';
        int handle = items.find(request);
        boolean created = false;
        if (handle == 0) {
            if (!request.has('N')) {
                store.countMiss(up);
                answer(request, output, NF);
                return;
            }
            handle = store.insertNumber(request, request.initial, 0);
            if (handle == 0) {
                output.put(Phrase.NO_MEMORY_NEW);
                return;
            }
            created = true;
        } else if (isNumber(handle) && request.cas != 0
                && memory.u64(Items.at(handle) + ItemLayout.CAS) != request.cas) {
            answer(request, output, EX);
            return;
        } else {
            int changed = store.change(request, handle, up);
            if (changed <= 0) {
                output.put(changed == 0 ? Phrase.NON_NUMERIC : Phrase.NO_MEMORY_DELTA);
                return;
            }
            handle = changed;
        }
        changed(request, output, Items.at(handle), created);
    }

    private boolean isNumber(int handle) {
        return memory.u32(Items.at(handle) + ItemLayout.VALUE_LENGTH) > 0;
    }

    private void changed(Request request, Output output, long at, boolean created) {
        Region out = output.region();
        int to = output.to();
        long number = store.changedTo();
        if (request.has('v')) {
            out.u16(to, VA);
            out.u8(to + 2, ' ');
            to = Decimal.write(out, to + 3, Decimal.length(number));
        } else {
            out.u16(to, HD);
            to += 2;
        }
        for (long token = request.metaFrom; token < request.metaTo; ) {
            long end = tokenEnd(request, token);
            switch (request.region.u8(token)) {
                case 'c' -> to = number(out, to, 'c', memory.u64(at + ItemLayout.CAS));
                case 't' -> to = ttl(out, to, at);
                case 'T' -> memory.u32(at + ItemLayout.EXPIRY, store.expiry(request.exptime));
                case 'N' -> {
                    if (created) {
                        memory.u32(at + ItemLayout.EXPIRY, store.expiry(request.vivifyTime));
                    }
                }
                case 'O' -> to = opaque(out, to, request, token, end);
                case 'k' -> to = key(out, to, request.keyRegion, request.keyFrom, request.keyLength,
                        request.has('b'));
                default -> { }
            }
            token = nextToken(request, end);
        }
        if (request.has('v')) {
            to = Decimal.write(out, end(out, to), number);
        }
        // As memcached: quiet hides a change, not the making of a new item.
        if (created || !request.has('q')) {
            output.to(end(out, to));
        }
    }

    // ---- me ----

    void debug(Request request, Output output) {
        stats.metaCommands++;
        int handle = items.find(request);
        if (handle == 0) {
            output.put(Phrase.META_MISS);
            return;
        }
        long at = Items.at(handle);
        int state = memory.u16(at + ItemLayout.STATE);
        int keyLength = memory.u8(at + ItemLayout.KEY_LENGTH);
        Region out = output.region();
        int to = output.to();
        out.u16(to, 'M' | 'E' << 8);
        out.u8(to + 2, ' ');
        to += 3;
        if ((state & ItemLayout.BINARY) != 0) {
            to = Base64Key.encode(memory, at + ItemLayout.KEY, keyLength, out, to);
        } else {
            Region.copy(memory, at + ItemLayout.KEY, out, to, keyLength);
            to += keyLength;
        }
        int expiry = memory.u32(at + ItemLayout.EXPIRY);
        to = EXP.write(out, to);
        to = expiry == 0 ? MINUS_ONE.write(out, to) : Decimal.write(out, to, Math.max(0, expiry - items.now));
        to = Decimal.write(out, LA.write(out, to), items.now - memory.u32(at + ItemLayout.ACCESS));
        to = Decimal.write(out, CAS.write(out, to), memory.u64(at + ItemLayout.CAS));
        to = ((state & ItemLayout.FETCHED) != 0 ? FETCHED : UNFETCHED).write(out, to);
        to = Decimal.write(out, CLS.write(out, to), memory.u8(at + ItemLayout.SIZE_CLASS) + 1);
        to = Decimal.write(out, SIZE.write(out, to), items.bytesOf(at));
        output.to(end(out, to));
    }
}
