/** One Debian package file: reading it without running anything, and what was learned of it. */
package eu.mikelangelo.packages.debian.deb;
