package eu.mikelangelo.machines.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class QemuCommandTest {
    private static final String FULL = """
            /usr/bin/qemu-system-x86_64
            -name guest=web,debug-threads=on
            -nodefaults -no-user-config -display none -no-reboot
            -msg timestamp=on
            -object memory-backend-memfd,id=mem,size=256M,share=on
            -machine q35,memory-backend=mem
            -accel tcg -cpu max -smp cpus=2 -m size=256M
            -kernel /k/vmlinuz -initrd /m/initrd -append console=ttyS0
            -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
            -chardev socket,id=qmp,path=/r/qmp.sock,server=on,wait=off -qmp chardev:qmp
            -chardev file,id=serial,path=/m/kernel.log,append=on -serial chardev:serial
            -device virtio-serial-pci,id=serial0,disable-legacy=on
            -chardev socket,id=console,path=/r/console.sock,server=on,wait=off,logfile=/m/console.log,logappend=on
            -device virtconsole,bus=serial0.0,chardev=console
            -chardev file,id=status,path=/m/status.log,append=on
            -device virtserialport,bus=serial0.0,chardev=status,name=mike.status
            -chardev socket,id=control,path=/r/control.sock,server=on,wait=off
            -device virtserialport,bus=serial0.0,chardev=control,name=mike.control
            -chardev socket,id=net0,path=/r/net0.sock,server=on
            -netdev vhost-user,id=net0,chardev=net0
            -device virtio-net-pci,netdev=net0,mac=02:4d:00:00:00:05,disable-legacy=on,romfile=,vectors=0
            -object rng-builtin,id=rng0 -device virtio-rng-pci,rng=rng0,disable-legacy=on
            -device pvpanic-pci""";

    private static QemuCommand base() {
        return QemuCommand.of("/usr/bin/qemu-system-x86_64", "web",
                new QemuCommand.Machine("q35", "tcg", "max", 2, 256));
    }

    @Test
    void rendersAWholeMachine() {
        QemuCommand command = base()
                .with(new QemuCommand.Kernel(Path.of("/k/vmlinuz"), Path.of("/m/initrd"), "console=ttyS0"))
                .with(new QemuCommand.Sandbox())
                .with(new QemuCommand.Monitor(Path.of("/r/qmp.sock")))
                .with(new QemuCommand.Serial(Path.of("/m/kernel.log")))
                .with(new QemuCommand.VirtioSerial(List.of(
                        new QemuCommand.SerialPort("console", null, Path.of("/r/console.sock"),
                                Path.of("/m/console.log")),
                        new QemuCommand.SerialPort("status", "mike.status", null, Path.of("/m/status.log")),
                        new QemuCommand.SerialPort("control", "mike.control", Path.of("/r/control.sock"), null))))
                .with(new QemuCommand.VhostUserNet(Path.of("/r/net0.sock"), "02:4d:00:00:00:05", 1, false))
                .with(new QemuCommand.Rng())
                .with(new QemuCommand.Panic());
        assertEquals(List.of(FULL.split("\\s+")), command.argv());
    }

    @Test
    void leavesMsixOnWhenItMay() {
        String net = base().with(new QemuCommand.VhostUserNet(Path.of("/n"), "02:4d:00:00:00:05", 1, true)).argv()
                .getLast();
        assertFalse(net.contains("vectors"), net);
    }

    @Test
    void severalQueuePairsHaveAVectorForEachRing() {
        List<String> argv = base().with(new QemuCommand.VhostUserNet(Path.of("/n"), "02:4d:00:00:00:05", 3, true))
                .argv();
        assertTrue(argv.contains("vhost-user,id=net0,chardev=net0,queues=3"), argv.toString());
        assertTrue(argv.getLast().endsWith(",mq=on,vectors=8"), argv.getLast());
        String line = base().with(new QemuCommand.VhostUserNet(Path.of("/n"), "02:4d:00:00:00:05", 2, false)).argv()
                .getLast();
        assertTrue(line.endsWith(",mq=on,vectors=0"), line);
    }

    @Test
    void doublesCommasInValuesOnly() {
        QemuCommand command = QemuCommand.of("q", "a,b", new QemuCommand.Machine("q35", "kvm", "host", 1, 64))
                .with(new QemuCommand.Monitor(Path.of("/home/x,server=off/qmp.sock")))
                .with(new QemuCommand.Serial(Path.of("/l,og")))
                .with(new QemuCommand.Kernel(Path.of("/k,1"), null, "a=1,2 b"));
        List<String> argv = command.argv();
        assertTrue(argv.contains("guest=a,,b,debug-threads=on"), argv.toString());
        assertTrue(argv.contains("socket,id=qmp,path=/home/x,,server=off/qmp.sock,server=on,wait=off"),
                argv.toString());
        assertTrue(argv.contains("file,id=serial,path=/l,,og,append=on"), argv.toString());
        assertTrue(argv.containsAll(List.of("/k,1", "a=1,2 b")), argv.toString());
        assertFalse(argv.contains("-initrd"), argv.toString());
    }

    @Test
    void refusesLineEnds() {
        QemuCommand command = base().with(new QemuCommand.Monitor(Path.of("/a\nb")));
        assertThrows(IllegalArgumentException.class, command::argv);
    }

    @Test
    void isAValue() {
        assertEquals(base().with(new QemuCommand.Rng()), base().with(new QemuCommand.Rng()));
        assertEquals(List.of(), base().options());
    }
}
