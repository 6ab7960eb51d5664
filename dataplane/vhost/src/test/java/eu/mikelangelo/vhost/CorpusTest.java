package eu.mikelangelo.vhost;

import eu.mikelangelo.doubles.Corpus;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What coverage-guided fuzzing kept, once each; {@code ./do fuzz} finds more. */
class CorpusTest {
    @Test
    void ofVhost() throws IOException {
        Corpus.replay("vhost", VhostFuzz::fuzzerTestOneInput);
    }
}
