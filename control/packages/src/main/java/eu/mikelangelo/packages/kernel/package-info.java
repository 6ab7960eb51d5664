/** Kernels taken from the distribution's own packages: unpacked once, with the modules a machine needs. */
package eu.mikelangelo.packages.kernel;
