package eu.mikelangelo.packages.image;

import java.io.ByteArrayInputStream;
import java.io.IOException;

/** Fuzz target: an archive is read to its end or refused with an IOException, in bounded memory. */
public final class CpioFuzz {
    private CpioFuzz() { }

    public static void fuzzerTestOneInput(byte[] bytes) {
        CpioReader reader = new CpioReader(new ByteArrayInputStream(bytes));
        byte[] buffer = new byte[512];
        try {
            for (CpioReader.Entry entry = reader.next(); entry != null; entry = reader.next()) {
                if (!entry.path().startsWith("/") || (entry.path() + "/").contains("/../")) {
                    throw new AssertionError("a path that leaves the tree: " + entry.path());
                }
                long left = entry.size();
                for (int n = reader.read(buffer, 0, buffer.length); n > 0; n = reader.read(buffer, 0, 512)) {
                    left -= n;
                }
                if (left != 0) {
                    throw new AssertionError(entry + " gave " + left + " bytes too few");
                }
            }
            if (reader.position() > bytes.length) {
                throw new AssertionError("read behind the end");
            }
        } catch (IOException expected) {
            // refused
        }
    }
}
