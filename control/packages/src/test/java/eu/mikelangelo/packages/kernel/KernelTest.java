package eu.mikelangelo.packages.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.luben.zstd.Zstd;
import eu.mikelangelo.packages.image.Mutations;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

/** The parsers of kernel files: bzImage, LZ4, ELF, module information. */
class KernelTest {
    private static final byte[] VMLINUX = TestKernel.vmlinux(true);

    @Test
    void unpacksEveryCompressionOfTheKernelsBuild() throws IOException {
        assertArrayEquals(VMLINUX, BzImage.unpack(TestKernel.bzImage(TestKernel.lz4(VMLINUX))));
        assertArrayEquals(VMLINUX, BzImage.unpack(TestKernel.bzImage(sized(Zstd.compress(VMLINUX, 3)))));
        assertArrayEquals(VMLINUX, BzImage.unpack(TestKernel.bzImage(sized(TestKernel.xz(VMLINUX)))));
        ByteArrayOutputStream gzip = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(gzip)) {
            out.write(VMLINUX);
        }
        assertArrayEquals(VMLINUX, BzImage.unpack(TestKernel.bzImage(gzip.toByteArray())));
    }

    /** The build appends the size to what has none; a reader must not stumble over it. */
    private static byte[] sized(byte[] packed) {
        return ByteBuffer.allocate(packed.length + 4).put(packed).putInt(0x12345678).array();
    }

    @Test
    void relocationsBehindTheElfFileAreDropped() throws IOException {
        byte[] longer = Arrays.copyOf(VMLINUX, VMLINUX.length + 1000);
        Arrays.fill(longer, VMLINUX.length, longer.length, (byte) 7);
        assertArrayEquals(VMLINUX, BzImage.unpack(TestKernel.bzImage(TestKernel.lz4(longer))));
    }

    @Test
    void aKernelThatCannotBeEnteredDirectlyStaysPacked() throws IOException {
        assertNull(BzImage.unpack(TestKernel.bzImage(TestKernel.lz4(TestKernel.vmlinux(false)))), "no PVH note");
        assertNull(BzImage.unpack(TestKernel.bzImage("LZMA, lzo or bzip2".getBytes())));
        assertThrows(IOException.class, () -> BzImage.unpack(new byte[5000]));
        assertThrows(IOException.class, () -> BzImage.unpack(new byte[10]));
    }

    @Test
    void damagedKernelsEndInAnException() throws IOException {
        byte[] image = TestKernel.bzImage(TestKernel.lz4(VMLINUX));
        Mutations.of(image, 400, 5, bytes -> {
            try {
                BzImage.unpack(bytes);
            } catch (IOException expected) {
                // refused
            }
        });
    }

    @Test
    void damagedModulesEndInAnException() {
        Mutations.of(TestKernel.module("depends=a,b", "softdep=pre: c"), 4000, 6, bytes -> {
            try {
                new ModuleGraph(List.of()).add("x", bytes);
            } catch (IOException expected) {
                // refused
            }
        });
    }

    @Test
    void closureComesInLoadOrder() throws IOException {
        ModuleGraph graph = new ModuleGraph(List.of("kernel/drivers/char/hw_random/rng-core.ko"));
        graph.add("virtio_net", TestKernel.module("license=GPL", "depends=virtio,net-failover"));
        graph.add("net_failover", TestKernel.module("depends=failover"));
        graph.add("failover", TestKernel.module("depends="));
        graph.add("virtio", TestKernel.module("depends=virtio_ring"));
        graph.add("virtio_ring", TestKernel.module("depends="));
        graph.add("virtio_rng", TestKernel.module("depends=rng-core,virtio", "softdep=pre: early post: late"));
        graph.add("early", TestKernel.module());
        assertEquals(List.of("virtio_ring", "virtio", "failover", "net_failover", "virtio_net", "early", "virtio_rng"),
                graph.closure(List.of("virtio_net", "virtio_rng")));
        assertTrue(graph.closure(List.of("rng_core")).isEmpty(), "built in");
        assertTrue(graph.knows("rng_core"));
        assertFalse(graph.knows("late"));
        IOException e = assertThrows(IOException.class, () -> graph.closure(List.of("absent")));
        assertTrue(e.getMessage().contains("absent is missing"), e.getMessage());
    }

    @Test
    void modulesThatNeedEachOtherAreNamed() throws IOException {
        ModuleGraph graph = new ModuleGraph(List.of());
        graph.add("a", TestKernel.module("depends=b"));
        graph.add("b", TestKernel.module("depends=a"));
        IOException e = assertThrows(IOException.class, () -> graph.closure(List.of("a")));
        assertEquals("modules need each other: a -> b -> a", e.getMessage());
    }
}
