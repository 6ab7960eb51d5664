/** The Debian archive as apt sees it: sources, signed indices, versions, dependencies, verified downloads. */
package eu.mikelangelo.packages.debian.apt;
