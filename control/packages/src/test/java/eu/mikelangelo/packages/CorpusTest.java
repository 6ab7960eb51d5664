package eu.mikelangelo.packages;

import eu.mikelangelo.doubles.Corpus;
import eu.mikelangelo.packages.debian.apt.ControlFuzz;
import eu.mikelangelo.packages.debian.deb.DebFuzz;
import eu.mikelangelo.packages.debian.deb.ElfFuzz;
import eu.mikelangelo.packages.debian.unit.ScriptFuzz;
import eu.mikelangelo.packages.image.CpioFuzz;
import eu.mikelangelo.packages.image.ImageFuzz;
import eu.mikelangelo.packages.manifest.ManifestFuzz;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What coverage-guided fuzzing kept, once each; {@code ./do fuzz} finds more. */
class CorpusTest {
    @Test
    void ofManifest() throws IOException {
        Corpus.replay("manifest", ManifestFuzz::fuzzerTestOneInput);
    }

    @Test
    void ofDeb() throws IOException {
        Corpus.replay("deb", DebFuzz::fuzzerTestOneInput);
    }

    @Test
    void ofElf() throws IOException {
        Corpus.replay("elf", ElfFuzz::fuzzerTestOneInput);
    }

    @Test
    void ofScript() throws IOException {
        Corpus.replay("script", ScriptFuzz::fuzzerTestOneInput);
    }

    @Test
    void ofControl() throws IOException {
        Corpus.replay("control", ControlFuzz::fuzzerTestOneInput);
    }

    @Test
    void ofCpio() throws IOException {
        Corpus.replay("cpio", CpioFuzz::fuzzerTestOneInput);
    }

    @Test
    void ofImage() throws IOException {
        Corpus.replay("image", ImageFuzz::fuzzerTestOneInput);
    }
}
