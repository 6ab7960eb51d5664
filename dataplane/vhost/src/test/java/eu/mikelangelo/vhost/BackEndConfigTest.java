package eu.mikelangelo.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class BackEndConfigTest {
    @Test
    void queuePairsAreLimited() {
        assertThrows(IllegalArgumentException.class, () -> new BackEndConfig(0, 0, false));
        assertThrows(IllegalArgumentException.class,
                () -> new BackEndConfig(0, BackEndConfig.MAX_QUEUE_PAIRS + 1, false));
        assertEquals(BackEndConfig.MAX_QUEUE_PAIRS,
                new BackEndConfig(0, BackEndConfig.MAX_QUEUE_PAIRS, false).queuePairs());
    }

    @Test
    void onlyWhatASessionServesCanBeOffered() {
        assertThrows(IllegalArgumentException.class, () -> new BackEndConfig(0, 1, false, 1L << 1));
        assertEquals(BackEndConfig.PROTOCOL_SERVED, new BackEndConfig(0, 1, false).protocolFeatures());
    }
}
