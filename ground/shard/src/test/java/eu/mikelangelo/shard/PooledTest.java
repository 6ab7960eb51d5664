package eu.mikelangelo.shard;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The portable fibers mean the same: all that {@link HostTest} says of hosts, said of them. */
class PooledTest extends HostTest {
    @Override
    HostOptions options() {
        return super.options().withFibers(HostOptions.Fibers.POOLED);
    }

    @Override
    boolean carried() {
        return false;
    }

    @AfterEach
    void noThreadIsLeft() throws InterruptedException {
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().equals("fiber")) {
                thread.join(5_000);
                assertFalse(thread.isAlive(), thread.toString());
            }
        }
    }

    @Test
    void theSlowEngineSaysSo() {
        assertTrue(host().toString().contains("pooled (slow"), host().toString());
    }
}
