/** The product as a black box: these tests only run {@code ./mike} and look at what a user could see. */
package eu.mikelangelo.system;
