/**
 * What a back-end notes of buffers it has taken and not used, in memory that outlives it (specification, "Inflight I/O
 * tracking"). Only for devices that use buffers in another order than they took them.
 */
package eu.mikelangelo.vhost.inflight;
