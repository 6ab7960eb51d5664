package eu.mikelangelo.examples.cache;

import eu.mikelangelo.examples.cache.bytes.KeyHash;
import eu.mikelangelo.memory.Region;

/**
 * One operation on one key (a get of five keys is five requests), or one for all shards. Reused: it points into the
 * input it was parsed from and is valid until that input moves. {@link #copyTo} makes it independent, for a mailbox.
 */
public final class Request {
    /** Longest key, in bytes, as it stands on the line. */
    public static final int MAX_KEY = 250;
    /** A decoded key needs this much of a request's own memory. */
    public static final int MIN_MEMORY = 256;

    /** Where decoded keys and copies live. */
    final Region own;

    int op;
    int kind;
    Phrase phrase;
    boolean noreply;
    /** The answer to this key ends the answer to the command. */
    boolean last;

    long hash;
    Region keyRegion;
    long keyFrom;
    int keyLength;

    /** Holds the value and the flags of a meta command. */
    Region region;
    long valueFrom;
    /** Without the line end that follows it. */
    int valueLength;
    long metaFrom;
    long metaTo;

    int clientFlags;
    /** As the client said it: 0 never, up to 30 days from now, beyond that Unix time; negative: at once. Seconds. */
    long exptime;
    long cas;
    long delta;

    /** Letters of the meta flags that were given, bit {@code letter - 'A'}. */
    long meta;
    /** Token of M, or 0. */
    int mode;
    long initial;
    long vivifyTime;
    long recacheTime;
    /** Has gathered the value in borrowed memory; null when it lies in the input. */
    Parser gatherer;

    /** @param own at least {@link #MIN_MEMORY} bytes; for {@link #copyTo} of whole stores accordingly more */
    public Request(Region own) {
        if (own.size() < MIN_MEMORY) {
            throw new IllegalArgumentException("a request needs " + MIN_MEMORY + " bytes of its own");
        }
        this.own = own;
    }

    /** See {@link Op}. */
    public int op() {
        return op;
    }

    /** Kind of a {@link Op#STATS}. */
    public int kind() {
        return kind;
    }

    /** Hash of the key ({@link KeyHash}); meaningful when {@link Op#isKeyed}. */
    public long hash() {
        return hash;
    }

    /** Bytes of the value of a store. */
    public int valueLength() {
        return valueLength;
    }

    /** Upper bound of the bytes that {@link #copyTo} needs. */
    public int copyBytes() {
        return keyLength + (int) (metaTo - metaFrom) + valueLength;
    }

    /**
     * There was no memory to carry the value to its owner. As memcached: a key whose new value cannot be kept must not
     * go on with the old one (set and meta set); other stores leave it alone.
     *
     * @param output has room for any answer without a value
     * @return whether the owner must still be told; if not, it has been answered
     */
    public boolean refuse(Output output) {
        valueLength = 0;
        phrase = Phrase.NO_MEMORY;
        if (op == Op.SET || op == Op.META_SET) {
            noreply &= op == Op.SET;
            op = Op.REFUSED_STORE;
            return true;
        }
        if (!noreply) {
            output.put(phrase);
        }
        return false;
    }

    boolean has(char letter) {
        return (meta >>> letter - 'A' & 1) != 0;
    }

    void reset(int newOp) {
        op = newOp;
        kind = 0;
        noreply = false;
        last = true;
        keyLength = 0;
        valueLength = 0;
        metaFrom = 0;
        metaTo = 0;
        meta = 0;
    }

    /**
     * Copies this request, its key, flags and value into {@code target} and the target's own memory.
     *
     * @return false, and an undefined target, when that memory is smaller than {@link #copyBytes}
     */
    public boolean copyTo(Request target) {
        if (copyBytes() > target.own.size()) {
            return false;
        }
        copyNumbersTo(target);
        copyBytesTo(target);
        return true;
    }

    /**
     * Makes {@code target} this request without copying its value, if that was gathered in borrowed memory.
     *
     * @return that memory, now the caller's to give back; null, and nothing done, when it lies in the input
     */
    public Region moveTo(Request target) {
        if (gatherer == null) {
            return null;
        }
        Region memory = gatherer.handOver();
        gatherer = null;
        copyNumbersTo(target);
        target.keyRegion = target.own;
        target.keyFrom = 0;
        target.keyLength = keyLength;
        Region.copy(keyRegion, keyFrom, target.own, 0, keyLength);
        target.region = memory;
        target.metaFrom = metaFrom;
        target.metaTo = metaTo;
        target.valueFrom = valueFrom;
        target.valueLength = valueLength;
        return memory;
    }

    private void copyNumbersTo(Request target) {
        target.op = op;
        target.kind = kind;
        target.phrase = phrase;
        target.noreply = noreply;
        target.last = last;
        target.hash = hash;
        target.clientFlags = clientFlags;
        target.exptime = exptime;
        target.cas = cas;
        target.delta = delta;
        target.meta = meta;
        target.mode = mode;
        target.initial = initial;
        target.vivifyTime = vivifyTime;
        target.recacheTime = recacheTime;
        target.gatherer = null;
    }

    private void copyBytesTo(Request target) {
        target.keyRegion = target.own;
        target.region = target.own;
        target.keyFrom = 0;
        target.keyLength = keyLength;
        if (keyLength > 0) {
            Region.copy(keyRegion, keyFrom, target.own, 0, keyLength);
        }
        int metaLength = (int) (metaTo - metaFrom);
        target.metaFrom = keyLength;
        target.metaTo = keyLength + metaLength;
        if (metaLength > 0) {
            Region.copy(region, metaFrom, target.own, keyLength, metaLength);
        }
        target.valueFrom = target.metaTo;
        target.valueLength = valueLength;
        if (valueLength > 0) {
            Region.copy(region, valueFrom, target.own, target.valueFrom, valueLength);
        }
    }
}
