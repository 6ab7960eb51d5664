package eu.mikelangelo.examples.cache;

import eu.mikelangelo.doubles.Corpus;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What coverage-guided fuzzing kept, once each; {@code ./do fuzz} finds more. */
class CorpusTest {
    @Test
    void ofCache() throws IOException {
        Corpus.replay("cache", CacheFuzz::fuzzerTestOneInput);
    }

    @Test
    void ofCacheModel() throws IOException {
        Corpus.replay("cachemodel", CacheModelFuzz::fuzzerTestOneInput);
    }
}
