/**
 * Doubles of what the product speaks to over a protocol: a Debian archive on loopback ({@link Mirror}) and the packages
 * in it ({@link DebWriter}). They speak the real protocol and know nothing of the product, so that its own tests and the
 * tests of the whole share them.
 */
package eu.mikelangelo.doubles;
