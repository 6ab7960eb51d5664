/** {@code mike io serve} and other programs that speak vhost-user: DPDK's virtio driver in user space, Open vSwitch. */
package eu.mikelangelo.system.peers;
