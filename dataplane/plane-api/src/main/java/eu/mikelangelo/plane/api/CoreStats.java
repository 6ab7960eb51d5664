package eu.mikelangelo.plane.api;

/**
 * One I/O core since it began.
 *
 * @param cpu the CPU it is pinned to, or -1
 * @param ports how many ports it serves
 * @param upNs since when, in nanoseconds before the answer
 * @param turns of its loop, each of which looks at all ports
 * @param emptyTurns turns that found nothing to move
 * @param frames taken from guests and from uplinks
 * @param busyNs spent in turns that moved frames; what is neither busy nor asleep was spent looking in vain
 * @param sleeps how often it went to sleep
 * @param asleepNs spent asleep
 */
public record CoreStats(int cpu, int ports, long upNs, long turns, long emptyTurns, long frames, long busyNs,
        long sleeps, long asleepNs) {
}
