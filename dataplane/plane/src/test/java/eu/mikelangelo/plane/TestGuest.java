package eu.mikelangelo.plane;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A Linux guest under QEMU whose network card is served over vhost-user: a distribution's kernel, busybox and a script.
 */
final class TestGuest implements AutoCloseable {
    static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");
    static final Path BUSYBOX = Path.of("/bin/busybox");
    private static final List<String> MODULES = List.of("virtio_ring", "virtio", "virtio_pci_modern_dev",
            "virtio_pci_legacy_dev", "virtio_pci", "failover", "net_failover", "virtio_net");

    private final Process process;
    private final Path console;

    /**
     * @param kernel an unpacked linux-image package (boot/, lib/modules/)
     * @param socket where QEMU listens for the plane
     * @param script what the guest runs after eth0 is up
     */
    TestGuest(Path folder, Path kernel, int number, Path socket, String script) throws IOException {
        this(folder, kernel, number, socket, script, "");
    }

    /** @param card further properties of the network card, each behind a comma */
    TestGuest(Path folder, Path kernel, int number, Path socket, String script, String card) throws IOException {
        this(folder, kernel, number, socket, script, card, 1);
    }

    /** @param pairs processors, each with a queue pair of its own */
    TestGuest(Path folder, Path kernel, int number, Path socket, String script, String card, int pairs)
            throws IOException {
        console = folder.resolve("console" + number);
        Path initrd = Files.write(folder.resolve("initrd" + number), initramfs(kernel, number, script));
        List<String> command = new ArrayList<>(List.of("timeout", "-s", "KILL", "180", QEMU.toString(), "-M", "q35",
                "-accel", "tcg", "-cpu", "max", "-m", "128", "-smp", "" + pairs,
                "-nodefaults", "-no-user-config", "-display", "none",
                "-monitor", "none", "-no-reboot", "-object", "memory-backend-memfd,id=m0,size=128M,share=on",
                "-numa", "node,memdev=m0", "-chardev", "socket,id=c0,path=" + socket + ",server=on",
                "-netdev", "vhost-user,id=n0,chardev=c0,vhostforce=on,queues=" + pairs,
                // QEMU 7.2 under emulation crashes with vhost-user and MSI-X.
                "-device", "virtio-net-pci,netdev=n0,vectors=0,mac=02:4d:00:00:00:0" + number
                        + (pairs > 1 ? ",mq=on" : "") + card,
                "-serial", "file:" + console, "-kernel", find(kernel.resolve("boot"), "vmlinuz-").toString(),
                "-initrd", initrd.toString(), "-append", "console=ttyS0 quiet panic=-1 no_timer_check"));
        process = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(folder.resolve("qemu" + number).toFile()).start();
    }

    /** Waits for a line of the guest's; returns the pattern's first group. */
    String says(String pattern) {
        Pattern wanted = Pattern.compile(pattern);
        String[] found = new String[1];
        long end = System.nanoTime() + 120_000_000_000L;
        while (found[0] == null) {
            Matcher matcher = wanted.matcher(said());
            if (matcher.find()) {
                found[0] = matcher.group(1);
            } else if (System.nanoTime() > end || !process.isAlive()) {
                throw new AssertionError("the guest did not say " + pattern + " but:\n" + said());
            } else {
                PlaneProcess.pause();
            }
        }
        return found[0];
    }

    String said() {
        try {
            return Files.exists(console) ? Files.readString(console, StandardCharsets.ISO_8859_1) : "";
        } catch (IOException gone) {
            return "";
        }
    }

    private static Path find(Path folder, String start) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.getFileName().toString().startsWith(start)).sorted().findFirst()
                    .orElseThrow(() -> new IOException("no " + start + " in " + folder));
        }
    }

    private static byte[] initramfs(Path kernel, int number, String script) throws IOException {
        StringBuilder init = new StringBuilder("""
                #!/bin/busybox sh
                /bin/busybox --install -s /bin
                export PATH=/bin
                mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
                """);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (String folder : List.of("bin", "dev", "proc", "sys", "m")) {
            member(out, folder, 0040755, new byte[0]);
        }
        member(out, "bin/busybox", 0100755, Files.readAllBytes(BUSYBOX));
        for (String module : MODULES) {
            Path file = find(kernel.resolve("lib"), module + ".ko");
            member(out, "m/" + module + ".ko", 0100644, Files.readAllBytes(file));
            init.append("insmod /m/").append(module).append(".ko\n");
        }
        init.append("ip link set eth0 up\nip addr add 10.187.0.").append(number).append("/16 dev eth0\n")
                .append(script).append("\nwhile true; do sleep 60; done\n");
        member(out, "init", 0100755, init.toString().getBytes(StandardCharsets.UTF_8));
        member(out, "TRAILER!!!", 0, new byte[0]);
        return out.toByteArray();
    }

    /** newc, as in the kernel's Documentation/driver-api/early-userspace/buffer-format.rst. */
    private static void member(ByteArrayOutputStream out, String name, int mode, byte[] data) throws IOException {
        int[] fields = {out.size() + 1, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length() + 1, 0};
        StringBuilder header = new StringBuilder("070701");
        for (int field : fields) {
            header.append(HexFormat.of().toHexDigits(field));
        }
        out.write((header + name + "\0").getBytes(StandardCharsets.US_ASCII));
        pad(out);
        out.write(data);
        pad(out);
    }

    private static void pad(ByteArrayOutputStream out) {
        while (out.size() % 4 != 0) {
            out.write(0);
        }
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
