package eu.mikelangelo.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class RestTest {
    private long answered;
    private int collected;
    private final Rest rest = new Rest(() -> answered, () -> collected++);

    @Test
    void collectsOnceAfterEachTimeOfWork() {
        rest.look();
        assertEquals(0, collected, "nothing was done yet");
        answered = 3;
        rest.look();
        assertEquals(0, collected, "there may be more to come");
        rest.look();
        rest.look();
        assertEquals(1, collected);
        answered = 4;
        rest.look();
        rest.look();
        rest.look();
        assertEquals(2, collected);
    }
}
