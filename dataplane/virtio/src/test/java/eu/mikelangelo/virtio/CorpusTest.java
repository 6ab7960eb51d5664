package eu.mikelangelo.virtio;

import eu.mikelangelo.doubles.Corpus;
import eu.mikelangelo.virtio.mock.RingFuzz;
import eu.mikelangelo.virtio.mock.VirtqueueFuzz;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What coverage-guided fuzzing kept, once each; {@code ./do fuzz} finds more. */
class CorpusTest {
    @Test
    void ofRing() throws IOException {
        Corpus.replay("ring", RingFuzz::fuzzerTestOneInput);
    }

    @Test
    void ofVirtqueue() throws IOException {
        Corpus.replay("virtqueue", VirtqueueFuzz::fuzzerTestOneInput);
    }
}
