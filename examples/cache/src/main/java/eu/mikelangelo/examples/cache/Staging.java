package eu.mikelangelo.examples.cache;

import eu.mikelangelo.memory.Region;

/**
 * Where a shard keeps the few large things that do not fit the buffers of a connection: a value on its way in, an
 * answer on its way out. Bounded: when nothing is left, and it is not worth waiting, a store is refused and a read is a
 * miss. One owner.
 */
public interface Staging {
    /** @return memory of at least {@code bytes}, or null when there is none left */
    Region borrow(int bytes);

    /** After {@link #borrow} had none: whether to ask again later, when the lender says so, instead of giving up. */
    default boolean isWorthWaiting(int bytes) {
        return false;
    }

    /** Gives back what {@link #borrow} returned. */
    void giveBack(Region region);

    /** Never has any: values are limited to what the buffers hold. */
    Staging NONE = new Staging() {
        @Override
        public Region borrow(int bytes) {
            return null;
        }

        @Override
        public void giveBack(Region region) {
            throw new IllegalArgumentException("nothing was lent");
        }
    };
}
