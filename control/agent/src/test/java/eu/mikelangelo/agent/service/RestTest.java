package eu.mikelangelo.agent.service;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class RestTest {
    private int collected;
    private final Rest rest = new Rest(() -> collected++);

    private void look(int times) {
        for (int i = 0; i < times; i++) {
            rest.look();
        }
    }

    @Test
    void collectsOnceAfterEachTimeOfWork() {
        look(3);
        assertEquals(0, collected, "nothing was done yet");
        rest.begin();
        rest.end();
        look(1);
        assertEquals(0, collected, "there may be more to come");
        look(3);
        assertEquals(1, collected);
        rest.begin();
        rest.end();
        look(3);
        assertEquals(2, collected);
    }

    @Test
    void neverInTheMiddleOfWork() {
        rest.begin();
        rest.begin();
        rest.end();
        look(10);
        assertEquals(0, collected, "one of two is still at work");
        rest.end();
        look(3);
        assertEquals(1, collected);
    }
}
