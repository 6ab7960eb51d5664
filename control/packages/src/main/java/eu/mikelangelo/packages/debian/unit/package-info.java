/** How a Debian package says its service is started: systemd units, init scripts, sysusers and tmpfiles lines. */
package eu.mikelangelo.packages.debian.unit;
