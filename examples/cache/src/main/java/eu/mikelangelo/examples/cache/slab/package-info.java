/** Memory for items: chunks of a few sizes cut from pages. */
package eu.mikelangelo.examples.cache.slab;
