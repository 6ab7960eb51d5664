package eu.mikelangelo.memory;

/** Asked by {@link Slabs} for memory back before an allocation is refused: a cache drops what it needs least. */
@FunctionalInterface
public interface Reclaimer {
    /**
     * Frees blocks of {@code slabs}; those of class {@code sizeClass}, or all of one run, help at once. Runs inside an
     * allocation on the owner thread and must not allocate from the same slabs.
     *
     * @return whether something was freed, so that another try makes sense
     */
    boolean reclaim(Slabs slabs, int sizeClass);
}
