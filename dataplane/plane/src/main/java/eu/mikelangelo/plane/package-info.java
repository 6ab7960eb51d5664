/**
 * The plane's process: one switch with its I/O core and vhost-user sockets ({@link eu.mikelangelo.plane.Plane}), driven
 * either by an agent over a control socket ({@link eu.mikelangelo.plane.Daemon}) or by a command line
 * ({@link eu.mikelangelo.plane.IoServe}).
 */
package eu.mikelangelo.plane;
