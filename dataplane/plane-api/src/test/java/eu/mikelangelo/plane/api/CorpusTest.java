package eu.mikelangelo.plane.api;

import eu.mikelangelo.doubles.Corpus;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What coverage-guided fuzzing kept, once each; {@code ./do fuzz} finds more. */
class CorpusTest {
    @Test
    void ofWire() throws IOException {
        Corpus.replay("wire", WireFuzz::fuzzerTestOneInput);
    }
}
