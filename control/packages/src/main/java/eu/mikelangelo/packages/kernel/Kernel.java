package eu.mikelangelo.packages.kernel;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * A kernel in the store: {@code kernels/<sha256>/} with vmlinuz, perhaps vmlinux, modules and kernel.json.
 *
 * @param folder where it lies
 */
public record Kernel(Path folder, Description description) {
    public static final String SCHEMA = "mikelangelo-kernel/1";

    /**
     * What kernel.json says.
     *
     * @param sha256    of vmlinuz; {@code size} in bytes
     * @param elf       the same kernel unpacked, which QEMU enters directly (PVH) and which boots faster; null when
     *                  this kernel cannot be entered so
     * @param release   what {@code uname -r} says
     * @param debSha256 of the package it came in
     * @param wanted    the modules that were asked for
     * @param modules   those and all they need, in load order
     */
    public record Description(String schema, String sha256, long size, Elf elf, String packageName, String version,
                              String debSha256, String release, List<String> wanted, List<Module> modules) {
        public Description {
            if (!SCHEMA.equals(schema) || !sha256.matches("[0-9a-f]{64}")) {
                throw new IllegalArgumentException("schema " + schema + ", kernel " + sha256);
            }
            Objects.requireNonNull(packageName);
            Objects.requireNonNull(version);
            Objects.requireNonNull(release);
            wanted = List.copyOf(wanted);
            modules = List.copyOf(modules);
        }
    }

    public record Elf(String sha256, long size) { }

    /**
     * @param name with _, as {@code lsmod} shows it; its file is {@code modules/<name>.ko}, uncompressed
     * @param late loaded only after the application was started: its first answer does not need it
     */
    public record Module(String name, String sha256, long size, boolean late) {
        public Module {
            if (!name.matches("[A-Za-z0-9_]{1,64}") || !sha256.matches("[0-9a-f]{64}")) {
                throw new IllegalArgumentException("module " + name);
            }
        }
    }

    public String sha256() {
        return description.sha256();
    }

    /** As the distribution built it. */
    public Path vmlinuz() {
        return folder.resolve("vmlinuz");
    }

    /** What QEMU's -kernel is given: the unpacked kernel where there is one, else vmlinuz. */
    public Path bootFile() {
        return description.elf() == null ? vmlinuz() : folder.resolve("vmlinux");
    }

    public Path module(Module module) {
        return folder.resolve("modules").resolve(module.name() + ".ko");
    }
}
