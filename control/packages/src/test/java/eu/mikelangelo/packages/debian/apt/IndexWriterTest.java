package eu.mikelangelo.packages.debian.apt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;

class IndexWriterTest {
    @Test
    void ofRecommendsItTakesBackendsAndData() {
        assertEquals("pdns-backend-bind | pdns-backend, dns-root-data (>= 1)", IndexWriter.recommends(Map.of(
                "package", "pdns-server", "source", "pdns", "depends", "libc6", "recommends",
                "pdns-backend-bind | pdns-backend, other-backend, bind9-doc, dns-root-data (>= 1), libglib2.0-data")));
        assertEquals("", IndexWriter.recommends(Map.of("package", "x")));
    }
}
