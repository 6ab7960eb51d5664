/**
 * The formats of frames: numbers that the packages around it find headers by, and what is written or read by them
 * alone. Not exported.
 */
package eu.mikelangelo.ioplane.frame;
