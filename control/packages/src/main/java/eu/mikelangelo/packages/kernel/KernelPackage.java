package eu.mikelangelo.packages.kernel;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import eu.mikelangelo.packages.Deb;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;

/** Unpacks a distribution's kernel package into a folder: the kernel, its ELF form, the modules that are wanted. */
final class KernelPackage {
    private static final int MODULE_BYTES_MAX = 64 << 20;
    private static final int MODULES_MAX = 20_000;
    private static final int LIST_BYTES_MAX = 1 << 20;
    private final Deb deb;
    private final Path folder;
    /** Name → file with all its bytes plain. */
    private final Map<String, Path> modules = new HashMap<>();
    private List<String> builtIn = List.of();
    private String release;

    private KernelPackage(Deb deb, Path folder) {
        this.deb = deb;
        this.folder = folder;
    }

    /** Fills the folder, which exists and is empty. {@code late} modules may be missing. */
    static Kernel.Description unpack(Deb deb, Path folder, List<String> wanted, List<String> late)
            throws IOException {
        return new KernelPackage(deb, folder).unpack(wanted, late);
    }

    private Kernel.Description unpack(List<String> wanted, List<String> late) throws IOException {
        Files.createDirectory(folder.resolve("modules"));
        DebArchive.files(deb.file(), this::file);
        if (release == null) {
            throw new IOException(deb.name() + " holds no boot/vmlinuz-*");
        }
        List<Kernel.Module> kept = modules(wanted, late);
        byte[] vmlinuz = Files.readAllBytes(folder.resolve("vmlinuz"));
        byte[] elf = BzImage.unpack(vmlinuz);
        Kernel.Elf elfInfo = null;
        if (elf != null) {
            Files.write(folder.resolve("vmlinux"), elf);
            elfInfo = new Kernel.Elf(sha256(elf), elf.length);
        }
        return new Kernel.Description(Kernel.SCHEMA, sha256(vmlinuz), vmlinuz.length, elfInfo, deb.name(),
                deb.version(), deb.sha256(), release, KernelStore.asked(wanted, late), kept);
    }

    private void file(String path, long size, InputStream content) throws IOException {
        String name = path.substring(path.lastIndexOf('/') + 1);
        if (path.startsWith("boot/vmlinuz-") && release == null) {
            release = name.substring("vmlinuz-".length());
            if (!release.matches("[A-Za-z0-9._+-]{1,100}")) {
                throw new IOException("a kernel release named " + release);
            }
            copy(content, folder.resolve("vmlinuz"), DebArchive.FILE_BYTES_MAX);
        } else if (!path.contains("lib/modules/")) {
            return;
        } else if (name.equals("modules.builtin")) {
            byte[] bytes = content.readNBytes(LIST_BYTES_MAX);
            builtIn = new String(bytes, StandardCharsets.UTF_8).lines().toList();
        } else if (name.matches("[A-Za-z0-9_-]{1,64}\\.ko(\\.xz|\\.zst|\\.gz)?") && modules.size() < MODULES_MAX) {
            String module = ModuleGraph.name(name);
            Path file = folder.resolve("modules").resolve(module + ".ko");
            copy(plain(name, content), file, MODULE_BYTES_MAX);
            modules.put(module, file);
        }
    }

    private static InputStream plain(String name, InputStream in) throws IOException {
        return switch (name.substring(name.indexOf(".ko"))) {
            case ".ko.xz" -> new XZInputStream(in);
            case ".ko.zst" -> new ZstdInputStreamNoFinalizer(in);
            case ".ko.gz" -> new GZIPInputStream(in);
            default -> in;
        };
    }

    /** Keeps the closure and deletes the others, which are nine tenths of the package. */
    private List<Kernel.Module> modules(List<String> wanted, List<String> late) throws IOException {
        ModuleGraph graph = new ModuleGraph(builtIn);
        for (Map.Entry<String, Path> module : modules.entrySet()) {
            graph.add(module.getKey(), Files.readAllBytes(module.getValue()));
        }
        List<String> first = graph.closure(wanted);
        List<Kernel.Module> kept = new ArrayList<>();
        for (String name : graph.closure(KernelStore.asked(first, late.stream().filter(graph::knows).toList()))) {
            byte[] ko = Files.readAllBytes(modules.remove(name));
            kept.add(new Kernel.Module(name, sha256(ko), ko.length, !first.contains(name)));
        }
        for (Path other : modules.values()) {
            Files.delete(other);
        }
        return kept;
    }

    private static void copy(InputStream in, Path to, long limit) throws IOException {
        byte[] buffer = new byte[64 * 1024];
        long size = 0;
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(to), 64 * 1024)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                size += n;
                if (size > limit) {
                    throw new IOException(to.getFileName() + " has more than " + limit + " bytes");
                }
                out.write(buffer, 0, n);
            }
        }
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
