/** QEMU as a typed value, QMP, guests, the state machine of a machine. */
module eu.mikelangelo.machines {
    requires transitive eu.mikelangelo.base;
    requires tools.jackson.databind;
    exports eu.mikelangelo.machines;
    exports eu.mikelangelo.machines.qemu;
    exports eu.mikelangelo.machines.host;
    // Records are read and written as JSON.
    opens eu.mikelangelo.machines to tools.jackson.databind;
    opens eu.mikelangelo.machines.host to tools.jackson.databind;
    opens eu.mikelangelo.machines.qemu to tools.jackson.databind;
}
