package eu.mikelangelo.ioplane.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenBucketTest {
    private static final BigInteger NANO = BigInteger.valueOf(1_000_000_000);

    /** Over every window that begins with a charge: at most rate * t + burst, and the last charge. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void neverMoreThanEarnedAndTheBurst(long seed) {
        Random random = new Random(seed);
        long rate = Math.max(1, (long) Math.pow(10, random.nextDouble() * 12));
        long burst = Math.max(1, (long) Math.pow(10, random.nextDouble() * 9.6));
        long nowNs = random.nextLong() >> 2;
        TokenBucket bucket = new TokenBucket(rate, burst, nowNs);
        int charges = 400;
        long[] atNs = new long[charges];
        long[] units = new long[charges];
        for (int done = 0; done < charges;) {
            nowNs += random.nextInt(3) == 0 ? 0 : (long) Math.pow(10, random.nextDouble() * 10);
            if (bucket.open(nowNs)) {
                atNs[done] = nowNs;
                units[done] = 1 + random.nextInt(524_400);
                bucket.charge(units[done++]);
            } else if (random.nextInt(8) == 0) {
                nowNs = Math.max(nowNs, bucket.openAtNs());
                assertTrue(bucket.open(nowNs), "the time it named");
            }
        }
        for (int first = 0; first < charges; first++) {
            BigInteger sum = BigInteger.ZERO;
            for (int last = first; last < charges; last++) {
                BigInteger most = BigInteger.valueOf(atNs[last] - atNs[first]).multiply(BigInteger.valueOf(rate))
                        .add(BigInteger.valueOf(burst).multiply(NANO));
                assertTrue(sum.multiply(NANO).compareTo(most) < 0, "seed " + seed + ", " + first + " to " + last);
                sum = sum.add(BigInteger.valueOf(units[last]));
            }
        }
    }

    /** Who always has something to send gets all of the rate: from 1 kbit/s to 400 Gbit/s, at whatever pace it asks. */
    @ParameterizedTest
    @CsvSource({"1000, 12000", "8000, 524400", "10000000, 12000", "1000000000, 512", "400000000000, 512",
        "400000000000, 524400", "1000000000000, 524400", "3, 1"})
    void allOfTheRateIsGiven(long rate, long units) {
        long burst = Math.clamp(rate / 100, units, TokenBucket.MOST_BURST);
        TokenBucket bucket = new TokenBucket(rate, burst, 0);
        long nowNs = 0;
        BigInteger given = BigInteger.ZERO;
        for (int i = 0; i < 300; i++) {
            while (bucket.open(nowNs)) {
                bucket.charge(units);
                given = given.add(BigInteger.valueOf(units));
            }
            nowNs = bucket.openAtNs();
        }
        BigInteger earned = BigInteger.valueOf(nowNs).multiply(BigInteger.valueOf(rate)).divide(NANO);
        assertTrue(given.compareTo(earned.subtract(BigInteger.valueOf(burst))) >= 0, given + " of " + earned);
        assertTrue(given.compareTo(earned.add(BigInteger.valueOf(burst + units))) <= 0, given + " of " + earned);
    }

    @Test
    void longPausesAndDebtsAreNoOverflow() {
        TokenBucket bucket = new TokenBucket(TokenBucket.MOST_PER_SECOND, TokenBucket.MOST_BURST, Long.MIN_VALUE / 4);
        bucket.charge(TokenBucket.MOST_BURST);
        bucket.charge(TokenBucket.MOST_BURST);
        bucket.charge(TokenBucket.MOST_BURST);
        assertFalse(bucket.open(Long.MIN_VALUE / 4));
        assertTrue(bucket.open(Long.MAX_VALUE / 4));
        assertTrue(bucket.covers(TokenBucket.MOST_BURST));
        TokenBucket slow = new TokenBucket(1, 1, 0);
        slow.charge(TokenBucket.MOST_BURST);
        assertFalse(slow.open(1_000_000_000L * (TokenBucket.MOST_BURST - 2)));
        assertTrue(slow.openAtNs() > 0);
    }

    /** However the times fall, a bucket is never fuller than full. */
    @Test
    void aFullBucketStaysFull() {
        for (long rate : new long[] {1, 999, 1_000_000_007, TokenBucket.MOST_PER_SECOND}) {
            for (long burst : new long[] {1, 100, 12_000}) {
                for (long passedNs = 0; passedNs < 400; passedNs++) {
                    TokenBucket bucket = new TokenBucket(rate, burst, 0);
                    bucket.charge(Math.min(burst, 1 + passedNs));
                    bucket.open(passedNs);
                    assertFalse(bucket.covers(burst + 1));
                    bucket.open(Math.max(passedNs, bucket.openAtNs()));
                    assertFalse(bucket.covers(burst + 1), rate + ", " + burst + ", " + passedNs);
                }
            }
        }
    }

    @Test
    void aClockThatStandsEarnsNothing() {
        TokenBucket bucket = new TokenBucket(1_000_000_000, 10, 100);
        bucket.charge(10);
        assertFalse(bucket.open(100));
        assertFalse(bucket.open(50));
        assertTrue(bucket.open(101));
        assertTrue(bucket.covers(1));
        assertFalse(bucket.covers(2));
        assertThrows(IllegalArgumentException.class, () -> new TokenBucket(0, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> new TokenBucket(1, TokenBucket.MOST_BURST + 1, 0));
    }

    @Test
    void aBatchPassesWholeOrOneByOne() {
        Limit limit = Limit.of(new Rate(8000, 0, 3000), 0);
        assertEquals(2, limit.allow(2, 3000, 0));
        assertEquals(1, limit.allow(3, 3001, 0), "a debt is one frame's");
        limit.charge(1, 4000);
        assertEquals(0, limit.allow(1, 1, 0));
        assertEquals(0, limit.allow(1, 1, 1_000_000_000L));
        assertEquals(1, limit.allow(9, 9, 1_000_000_001L));
        Limit frames = Limit.of(new Rate(0, 100, 0), 0);
        assertEquals(32, frames.allow(32, 1 << 20, 0));
        frames.charge(31, 0);
        assertEquals(1, frames.allow(2, 0, 0));
        frames.charge(1, 0);
        assertEquals(0, frames.allow(2, 0, 0));
        assertTrue(frames.openAtNs() > 0 && frames.openAtNs() < 10_100_000, frames.openAtNs() + " ns");
    }
}
