package eu.mikelangelo.machines;

import eu.mikelangelo.doubles.Corpus;
import eu.mikelangelo.machines.guest.GuestFuzz;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What coverage-guided fuzzing kept, once each; {@code ./do fuzz} finds more. */
class CorpusTest {
    @Test
    void ofGuest() throws IOException {
        Corpus.replay("guest", GuestFuzz::fuzzerTestOneInput);
    }
}
