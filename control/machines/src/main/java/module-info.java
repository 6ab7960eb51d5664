/** QEMU as a typed value, QMP, guests, the state machine of a machine. */
module eu.mikelangelo.machines {
    requires transitive eu.mikelangelo.base;
    requires tools.jackson.databind;

    exports eu.mikelangelo.machines.guest;
}
