/** System calls and struct layouts. */
package eu.mikelangelo.linux;
