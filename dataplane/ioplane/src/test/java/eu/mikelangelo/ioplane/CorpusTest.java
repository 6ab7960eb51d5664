package eu.mikelangelo.ioplane;

import eu.mikelangelo.doubles.Corpus;
import eu.mikelangelo.ioplane.offload.OffloadFuzz;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What coverage-guided fuzzing kept, once each; {@code ./do fuzz} finds more. */
class CorpusTest {
    @Test
    void ofSwitch() throws IOException {
        Corpus.replay("switch", SwitchFuzz::fuzzerTestOneInput);
    }

    @Test
    void ofOffload() throws IOException {
        Corpus.replay("offload", OffloadFuzz::fuzzerTestOneInput);
    }
}
