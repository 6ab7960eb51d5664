/** QEMU and QMP. */
package eu.mikelangelo.machines.qemu;
