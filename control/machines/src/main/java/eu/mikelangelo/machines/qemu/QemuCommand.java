package eu.mikelangelo.machines.qemu;

import eu.mikelangelo.machines.Machine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * QEMU's command line as a value: immutable, comparable, rendered by {@link #argv}. It holds paths, sizes and names
 * only; a secret must not enter it, for every user of the host can read a command line.
 * {@snippet :
 * QemuCommand command = QemuCommand.of("/usr/bin/qemu-system-x86_64", "web",
 *         new QemuCommand.Machine("q35", "tcg", "max", 1, 256))
 *     .with(new QemuCommand.Kernel(kernel, initrd, "console=ttyS0"))
 *     .with(QemuCommand.new QemuCommand.VirtioSerial(List.of(consolePort, statusPort)));
 * new ProcessBuilder(command.argv()).start();
 * }
 *
 * @param options in the order they are rendered
 */
public record QemuCommand(String binary, String name, Machine machine, List<Option> options) {

    /** A group of arguments. */
    public sealed interface Option {
        void render(List<String> argv);
    }

    public QemuCommand {
        options = List.copyOf(options);
    }

    public static QemuCommand of(String binary, String name, Machine machine) {
        return new QemuCommand(binary, name, machine, List.of());
    }

    public QemuCommand with(Option option) {
        List<Option> more = new ArrayList<>(options);
        more.add(option);
        return new QemuCommand(binary, name, machine, more);
    }

    /** The words to execute, the binary first. */
    public List<String> argv() {
        List<String> argv = new ArrayList<>();
        argv.add(binary);
        add(argv, "-name", Words.of("guest=").value(name).add("debug-threads=on"));
        // Nothing that this value does not say: no default devices, no configuration of the host's, no screen.
        argv.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none"));
        // A guest that resets itself (as Linux does after a panic) ends instead of starting over.
        argv.add("-no-reboot");
        argv.addAll(List.of("-msg", "timestamp=on"));
        machine.render(argv);
        for (Option option : options) {
            option.render(argv);
        }
        return List.copyOf(argv);
    }

    /**
     * Board, processor and memory. RAM is a sealed memfd shared with whoever gets its descriptor (the vhost-user
     * back-end); its pages are allocated when the guest touches them.
     *
     * @param type        "q35" for Linux
     * @param accelerator "kvm" or "tcg"
     * @param cpuModel    "host" under kvm, "max" under tcg
     */
    public record Machine(String type, String accelerator, String cpuModel, int cpus, int memoryMiB) {
        void render(List<String> argv) {
            add(argv, "-object", Words.of("memory-backend-memfd").add("id=mem").add("size=" + memoryMiB + "M")
                    .add("share=on"));
            add(argv, "-machine", Words.of(type).add("memory-backend=mem"));
            argv.addAll(List.of("-accel", accelerator, "-cpu", cpuModel, "-smp", "cpus=" + cpus,
                    "-m", "size=" + memoryMiB + "M"));
        }
    }

    /** A kernel that QEMU loads itself; {@code initrd} may be null. */
    public record Kernel(Path file, Path initrd, String commandLine) implements Option {
        @Override
        public void render(List<String> argv) {
            // These three take the rest of the word as it is: no commas to double.
            argv.addAll(List.of("-kernel", file.toString()));
            if (initrd != null) {
                argv.addAll(List.of("-initrd", initrd.toString()));
            }
            argv.addAll(List.of("-append", commandLine));
        }
    }

    /** seccomp: once it runs, QEMU may not start programs, gain rights or change its scheduling. */
    public record Sandbox() implements Option {
        @Override
        public void render(List<String> argv) {
            argv.addAll(List.of("-sandbox",
                    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"));
        }
    }

    /** QMP on a Unix socket that QEMU listens on. */
    public record Monitor(Path socket) implements Option {
        @Override
        public void render(List<String> argv) {
            socketChardev(argv, "qmp", socket, null);
            argv.addAll(List.of("-qmp", "chardev:qmp")); // QEMU 11 deprecates -mon
        }
    }

    /** The first serial line, written to a file (appended, so that the file can be truncated under it) or to stdio. */
    public record Serial(Path log) implements Option {
        @Override
        public void render(List<String> argv) {
            Words words = log == null ? Words.of("stdio").add("id=serial").add("signal=off")
                    : Words.of("file").add("id=serial").add("path=").value(log.toString()).add("append=on");
            add(argv, "-chardev", words);
            argv.addAll(List.of("-serial", "chardev:serial"));
        }
    }

    /**
     * One port of the virtio-serial device.
     *
     * @param name   in the guest ("mike.status"); null: it is a virtconsole (hvc0)
     * @param socket Unix socket that QEMU listens on; null: the port only writes to {@code log}, which always takes it
     * @param log    file that gets all the guest writes (appended), or null
     */
    public record SerialPort(String id, String name, Path socket, Path log) { }

    /** A virtio-serial device with its ports. */
    public record VirtioSerial(List<SerialPort> ports) implements Option {
        public VirtioSerial {
            ports = List.copyOf(ports);
        }

        @Override
        public void render(List<String> argv) {
            argv.addAll(List.of("-device", "virtio-serial-pci,id=serial0,disable-legacy=on"));
            for (SerialPort port : ports) {
                if (port.socket() == null) {
                    add(argv, "-chardev", Words.of("file").add("id=").value(port.id()).add("path=")
                            .value(port.log().toString()).add("append=on"));
                } else {
                    socketChardev(argv, port.id(), port.socket(), port.log());
                }
                Words words = Words.of(port.name() == null ? "virtconsole" : "virtserialport")
                        .add("bus=serial0.0").add("chardev=").value(port.id());
                if (port.name() != null) {
                    words.add("name=").value(port.name());
                }
                add(argv, "-device", words);
            }
        }
    }

    /**
     * A network card served by a vhost-user back-end that connects to us. QEMU does not go on before it has.
     *
     * @param queues pairs of them; the guest uses as many as it has processors
     * @param msix false leaves the card on its interrupt line ({@link QemuProbe} says when it must)
     */
    public record VhostUserNet(Path socket, String mac, int queues, boolean msix) implements Option {
        @Override
        public void render(List<String> argv) {
            add(argv, "-chardev", Words.of("socket").add("id=net0").add("path=").value(socket.toString())
                    .add("server=on"));
            Words back = Words.of("vhost-user").add("id=net0").add("chardev=net0");
            add(argv, "-netdev", queues > 1 ? back.add("queues=" + queues) : back);
            // No boot ROM: we never boot from the network, and the file may not be installed.
            Words words = Words.of("virtio-net-pci").add("netdev=net0").add("mac=").value(mac)
                    .add("disable-legacy=on").add("romfile=");
            words = queues > 1 ? words.add("mq=on") : words;
            // For each ring one, one for the control queue and one for the configuration.
            words = !msix ? words.add("vectors=0") : queues > 1 ? words.add("vectors=" + (2 * queues + 2)) : words;
            add(argv, "-device", words);
        }
    }

    /** Entropy from the host. */
    public record Rng() implements Option {
        @Override
        public void render(List<String> argv) {
            argv.addAll(List.of("-object", "rng-builtin,id=rng0",
                    "-device", "virtio-rng-pci,rng=rng0,disable-legacy=on"));
        }
    }

    /** Tells QMP of a guest kernel's panic, if the guest has the driver. */
    public record Panic() implements Option {
        @Override
        public void render(List<String> argv) {
            argv.addAll(List.of("-device", "pvpanic-pci"));
        }
    }

    private static void socketChardev(List<String> argv, String id, Path path, Path log) {
        Words words = Words.of("socket").add("id=").value(id).add("path=").value(path.toString())
                .add("server=on").add("wait=off");
        if (log != null) {
            words.add("logfile=").value(log.toString()).add("logappend=on");
        }
        add(argv, "-chardev", words);
    }

    private static void add(List<String> argv, String option, Words words) {
        argv.add(option);
        argv.add(words.toString());
    }

    /** {@code key=value,key=value} with QEMU's escape: a comma in a value is doubled (QemuOpts). */
    private static final class Words {
        private final StringBuilder text = new StringBuilder();

        static Words of(String first) {
            Words words = new Words();
            words.text.append(first);
            return words;
        }

        Words add(String word) {
            text.append(',').append(word);
            return this;
        }

        Words value(String value) {
            if (value.indexOf('\0') >= 0 || value.indexOf('\n') >= 0) {
                throw new IllegalArgumentException("a line end or NUL in an option's value: " + value);
            }
            text.append(value.replace(",", ",,"));
            return this;
        }

        @Override
        public String toString() {
            return text.toString();
        }
    }
}
