/** Commands that show what the I/O plane does: numbers, a live screen, and the frames themselves. */
package eu.mikelangelo.cli.io;
