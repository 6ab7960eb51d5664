/** The command line. */
package eu.mikelangelo.cli;
