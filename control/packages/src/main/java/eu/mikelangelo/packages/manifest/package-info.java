/** Manifests. */
package eu.mikelangelo.packages.manifest;
