package eu.mikelangelo.agent.service;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.machines.MachineSpec;
import eu.mikelangelo.packages.image.Composed;
import eu.mikelangelo.packages.image.Composer;
import eu.mikelangelo.packages.image.ImageFile;
import eu.mikelangelo.packages.image.ImageInfo;
import eu.mikelangelo.packages.image.ImageManifest;
import eu.mikelangelo.packages.image.ImageStore;
import eu.mikelangelo.packages.image.Reference;
import eu.mikelangelo.packages.kernel.Kernel;
import eu.mikelangelo.packages.kernel.KernelStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** The packages room behind {@link ImageService}. */
public final class StoredImages implements ImageService {
    /** Compositions at once: each may hold an archive and a compressor. More wait for their turn. */
    static final int MAX_COMPOSITIONS = 2;
    private static final TypeReference<Map<String, Object>> OBJECT = new TypeReference<>() { };
    private final Composer composer;
    private final ImageStore images;
    private final KernelStore kernels;
    private final Semaphore turns = new Semaphore(MAX_COMPOSITIONS, true);
    private final Rest rest;
    private final JsonMapper json = JsonMapper.builder().build();

    /** @param rest hears of compositions, which are work */
    public StoredImages(Composer composer, ImageStore images, KernelStore kernels, Rest rest) {
        this.composer = composer;
        this.images = images;
        this.kernels = kernels;
        this.rest = rest;
    }

    @Override
    public Prepared prepare(String source, boolean refresh, Progress progress) {
        Composed image = composed(source, refresh, progress);
        ImageManifest manifest = image.manifest();
        Kernel kernel = kernels.require(manifest.kernel().sha256(), manifest.kernel().packageName(), progress);
        ImageInfo info = ImageInfo.of(ImageFile.open(image.file()), false);
        String name = Views.defaultName(image.name());
        return new Prepared(name, new MachineSpec.Image(name, image.digest(), image.file().toString()),
                new MachineSpec.Kernel(kernelName(manifest), kernel.sha256(), kernel.bootFile().toString()),
                manifest.start(), info.unpacked() + info.size());
    }

    private Composed composed(String source, boolean refresh, Progress progress) {
        turns.acquireUninterruptibly();
        rest.begin();
        try {
            progress.step("composing " + source);
            Composed image = composer.compose(reference(source), refresh, progress);
            for (String warning : image.warnings()) {
                progress.step("note: " + warning);
            }
            return image;
        } finally {
            rest.end();
            turns.release();
        }
    }

    /** The client has made paths of what is a path where the user stands; here everything else is a name. */
    private static Reference reference(String source) {
        if (!source.startsWith("/")) {
            return new Reference.Name(source);
        }
        Path path = Path.of(source).normalize();
        return Files.isDirectory(path) ? new Reference.Folder(path) : new Reference.File(path);
    }

    @Override
    public Map<String, Object> compose(String source, Optional<String> name, Optional<Path> output, boolean refresh,
                                       Progress progress) {
        Composed image = composed(source, refresh, progress);
        output.ifPresent(file -> images.export(image.digest(), file));
        ImageStore.Entry entry = name.isEmpty() || name.get().equals(image.name())
                ? new ImageStore.Entry(image.name(), image.digest(), image.size(), null, "")
                : images.add(image.file(), name.get());
        Map<String, Object> result = summary(entry, image.manifest());
        result.put("file", output.orElse(image.file()).toString());
        result.put("warm", image.warm());
        result.put("warnings", image.warnings());
        return result;
    }

    @Override
    public List<Map<String, Object>> list() {
        List<Map<String, Object>> list = new ArrayList<>();
        for (ImageStore.Entry entry : images.list()) {
            try {
                list.add(summary(entry, ImageFile.open(images.path(entry.digest())).manifest()));
            } catch (Failure e) {
                list.add(damaged(entry, e)); // one does not hide the others
            }
        }
        return list;
    }

    private static Map<String, Object> damaged(ImageStore.Entry entry, Failure e) {
        Map<String, Object> image = new LinkedHashMap<>();
        image.put("name", entry.name());
        image.put("sha256", entry.digest());
        image.put("size", entry.size());
        image.put("damage", e.getMessage());
        return image;
    }

    private static Map<String, Object> summary(ImageStore.Entry entry, ImageManifest manifest) {
        Map<String, Object> image = new LinkedHashMap<>();
        image.put("name", entry.name());
        image.put("version", manifest.version());
        image.put("sha256", entry.digest());
        image.put("size", entry.size());
        image.put("kernel", kernelName(manifest));
        image.put("kernelSha256", manifest.kernel().sha256());
        image.put("kernelSize", manifest.kernel().size());
        if (entry.created() != null) {
            image.put("created", entry.created().toString());
        }
        return image;
    }

    private static String kernelName(ImageManifest manifest) {
        return manifest.kernel().release();
    }

    @Override
    public Map<String, Object> inspect(String reference) {
        ImageFile image = images.resolve(reference);
        Map<String, Object> result = json.convertValue(ImageInfo.of(image, false), OBJECT);
        result.remove("files");
        return result;
    }

    @Override
    public void remove(String reference) {
        images.remove(reference);
    }
}
