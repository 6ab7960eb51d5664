/**
 * Doubles of what the product speaks to over a protocol: a Debian archive on loopback ({@link Mirror}) and the
 * packages in it ({@link DebWriter}). They speak the real protocol and know nothing of the product, so that the tests
 * of a module and those of the whole share them.
 */
package eu.mikelangelo.doubles;
