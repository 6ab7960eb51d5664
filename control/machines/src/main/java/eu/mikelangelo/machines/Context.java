package eu.mikelangelo.machines;

import eu.mikelangelo.base.Home;
import eu.mikelangelo.machines.qemu.AcceleratorProbe;
import eu.mikelangelo.machines.qemu.Qemu;
import eu.mikelangelo.machines.qemu.QemuProbe;
import java.util.List;
import java.util.Map;

/** What all machines of a home share. */
record Context(Home home, Map<String, String> env, PlanePorts plane, AcceleratorProbe accelerators,
               GuestLink.Connector guests, Neighbours neighbours) {

    /** The other machines that are live. */
    interface Neighbours {
        List<Machine> live();
    }

    Qemu qemu() {
        return QemuProbe.probe(env, home.data().resolve("qemu.json"));
    }
}
