/** Virtqueues and device models. */
package eu.mikelangelo.virtio;
