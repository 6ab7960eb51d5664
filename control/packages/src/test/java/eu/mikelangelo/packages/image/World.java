package eu.mikelangelo.packages.image;

import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.kernel.KernelStore;
import eu.mikelangelo.packages.kernel.TestKernel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A home with stores, a small archive and a composer. */
final class World {
    final Path home;
    final FakePackages packages;
    final ImageStore images;
    final KernelStore kernels;
    final Composer composer;
    final Path init;

    World(Path folder) throws IOException {
        home = Files.createDirectories(folder);
        init = home.resolve("init");
        Files.write(init, "an init".getBytes(StandardCharsets.UTF_8));
        packages = new FakePackages(new BlobStore(home.resolve("blobs")));
        packages.debs.putAll(TestKernel.packages(home, "6.1.0-9-cloud-amd64", ""));
        images = ImageStore.open(home.resolve("images"));
        kernels = KernelStore.open(home.resolve("kernels"), packages);
        composer = new Composer(images, kernels, packages.blobs, packages, init, home.resolve("local"));
    }

    /** A folder application below this home that requires "shell". */
    Path application(String name) throws IOException {
        Path root = home.resolve("apps").resolve(name);
        Files.createDirectories(root.resolve("meta"));
        Files.writeString(root.resolve("meta/package.yaml"), "name: " + name + "\ntitle: t\nauthor: a\n"
                + "version: '3'\nrequire: [shell]\n");
        Files.writeString(root.resolve("meta/run.yaml"),
                "runtime: native\nconfig_set: {main: {bootcmd: '/usr/bin/shell /run.sh', env: {NAME: world}}}\n");
        Files.writeString(root.resolve("run.sh"), "echo hello\n");
        return root;
    }
}
