/**
 * Doubles of what the product speaks to over a protocol: a Debian archive on loopback ({@link Mirror}) and the
 * packages in it ({@link DebWriter}). They speak the real protocol and know nothing of the product, so that the tests
 * of a module and those of the whole share them. And what fuzzing kept, for the tests of whose targets found it
 * ({@link Corpus}).
 */
package eu.mikelangelo.doubles;
