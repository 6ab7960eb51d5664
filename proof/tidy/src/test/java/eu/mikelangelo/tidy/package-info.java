/** The house rules as a test. */
package eu.mikelangelo.tidy;
