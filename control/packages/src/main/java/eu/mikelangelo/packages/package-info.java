/** Packages. */
package eu.mikelangelo.packages;
