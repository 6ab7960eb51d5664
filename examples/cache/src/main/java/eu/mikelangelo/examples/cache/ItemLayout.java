package eu.mikelangelo.examples.cache;

import eu.mikelangelo.examples.cache.slab.Chunks;

/** An item in its chunk: header, key, value, and the value's line end, so that one copy makes an answer. */
final class ItemLayout {
    /** Handle of the next item of the same bucket. */
    static final int NEXT = 0;
    /** Handles of the neighbours by age within the class. */
    static final int NEWER = 4;
    static final int OLDER = 8;
    /** Bits 16 to 47 of the hash. */
    static final int TAG = 12;
    static final int CAS = 16;
    /** Second in the store's time at which it is gone; 0: never. */
    static final int EXPIRY = 24;
    /** Second of the last access. */
    static final int ACCESS = 28;
    static final int CLIENT_FLAGS = 32;
    static final int VALUE_LENGTH = 36;
    /** Two bytes of bits; see below. */
    static final int STATE = Chunks.STATE;
    static final int KEY_LENGTH = 42;
    static final int SIZE_CLASS = 43;
    /** Low 32 bits of the hash: names the bucket. */
    static final int BUCKET_HASH = 44;
    static final int KEY = 48;

    /** Holds an item that the table knows. */
    static final int LINKED = 1;
    /** Has been read since it was stored. */
    static final int FETCHED = 2;
    /** Has been read since the eviction looked at it. */
    static final int REFERENCED = 4;
    /** Marked out of date by md or ms with I (protocol.txt, flag X). */
    static final int STALE = 8;
    /** Somebody has been told to refresh it (protocol.txt, flags W and Z). */
    static final int WON = 16;
    /** The key came base64-encoded and is shown so. */
    static final int BINARY = 32;

    /** Bytes of the line end behind a value. */
    static final int LINE_END = 2;

    private ItemLayout() {}

    /** Bytes an item takes. */
    static int bytes(int keyLength, int valueLength) {
        return KEY + keyLength + valueLength + LINE_END;
    }
}
