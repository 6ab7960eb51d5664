package eu.mikelangelo.packages.debian.apt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;

class IndexWriterTest {
    @Test
    void ofRecommendsItTakesBackendsAndData() {
        assertEquals("libc6, pdns-backend-bind | pdns-backend, dns-root-data (>= 1)", IndexWriter.depends(Map.of(
                "package", "pdns-server", "source", "pdns", "depends", "libc6", "recommends",
                "pdns-backend-bind | pdns-backend, other-backend, bind9-doc, dns-root-data (>= 1), libglib2.0-data")));
        assertEquals("", IndexWriter.depends(Map.of("package", "x")));
    }
}
