/** Debian importer. */
package eu.mikelangelo.packages.debian;
