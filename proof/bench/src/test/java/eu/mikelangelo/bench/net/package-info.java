/** Tests of the network's benchmark that need neither DPDK nor root. */
package eu.mikelangelo.bench.net;
