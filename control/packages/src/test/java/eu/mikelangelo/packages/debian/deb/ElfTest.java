package eu.mikelangelo.packages.debian.deb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ElfTest {
    /** A tiny ELF: PT_LOAD over all of it at address 0x1000, PT_INTERP, PT_DYNAMIC, one undefined symbol "system". */
    static byte[] tiny() {
        ByteBuffer b = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        b.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1).putLong(32, 64).putShort(54, (short) 56)
                .putShort(56, (short) 3);
        header(b, 64, 1, 0, 0x1000, 1024);
        header(b, 120, 3, 300, 0x1000 + 300, 10);
        header(b, 176, 2, 400, 0x1000 + 400, 160);
        text(b, 300, "/lib64/ld");
        String[] strings = {"", "libc.so.6", "libx.so.1", "me.so.2", "$ORIGIN/../lib:/opt", "system"};
        int[] at = new int[strings.length];
        int offset = 700;
        for (int i = 0; i < strings.length; i++) {
            at[i] = offset - 700;
            text(b, offset, strings[i]);
            offset += strings[i].length() + 1;
        }
        long[][] dynamic = {{1, at[1]}, {1, at[2]}, {14, at[3]}, {29, at[4]}, {5, 0x1000 + 700}, {6, 0x1000 + 652}, {0,
                0}};
        for (int i = 0; i < dynamic.length; i++) {
            b.putLong(400 + 16 * i, dynamic[i][0]).putLong(408 + 16 * i, dynamic[i][1]);
        }
        b.putInt(652 + 24, at[5]);
        text(b, 900, "\0/usr/sbin/sendmail\0libdl_x.so.4\0/usr/share/no");
        return b.array();
    }

    private static void header(ByteBuffer b, int at, int type, long offset, long address, long size) {
        b.putInt(at, type).putLong(at + 8, offset).putLong(at + 16, address).putLong(at + 32, size);
    }

    private static void text(ByteBuffer b, int at, String text) {
        b.put(at, text.getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void readsWhatTheLinkerReads() {
        Elf elf = Elf.parse(ByteBuffer.wrap(tiny()));
        assertEquals(List.of("libc.so.6", "libx.so.1"), elf.needed());
        assertEquals("me.so.2", elf.soname());
        assertEquals(List.of("$ORIGIN/../lib", "/opt"), elf.runpath());
        assertEquals("/lib64/ld", elf.interp());
        assertTrue(elf.shell());
        assertTrue(elf.names().containsAll(List.of("/usr/sbin/sendmail", "libdl_x.so.4")), elf.names().toString());
    }

    @Test
    void readsThisMachinesOwnJava() throws Exception {
        Elf launcher = Elf.read(Path.of(System.getProperty("java.home"), "bin", "java"));
        assertNotNull(launcher);
        assertTrue(launcher.needed().contains("libc.so.6"), launcher.needed().toString());
        assertTrue(launcher.interp().startsWith("/lib"), launcher.interp());
    }

    @Test
    void otherFilesGiveNull() {
        assertNull(Elf.parse(ByteBuffer.wrap(new byte[100])));
        byte[] other = tiny();
        other[4] = 1;
        assertNull(Elf.parse(ByteBuffer.wrap(other)));
    }

    @Test
    void mutatedFilesNeverThrow() {
        Random random = new Random(11);
        int understood = 0;
        for (int round = 0; round < 5_000; round++) {
            byte[] bad = tiny();
            for (int n = 1 + random.nextInt(6); n > 0; n--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
            }
            understood += Elf.parse(ByteBuffer.wrap(bad, 0, bad.length).slice(0, 64 + random.nextInt(960))) == null ? 0
                    : 1;
        }
        assertTrue(understood > 100 && understood < 4_900, "understood " + understood);
    }
}
