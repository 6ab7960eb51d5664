/** Commands about images. */
package eu.mikelangelo.cli.image;
