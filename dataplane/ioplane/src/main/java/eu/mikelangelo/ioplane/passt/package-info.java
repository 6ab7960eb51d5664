/**
 * What the plane does for passt's sake on frames between it and a guest: the parts of a TCP conversation that passt
 * leaves undone, and the pace at which it can read. Not exported.
 */
package eu.mikelangelo.ioplane.passt;
