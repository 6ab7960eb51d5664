/** Images. */
package eu.mikelangelo.packages.image;
