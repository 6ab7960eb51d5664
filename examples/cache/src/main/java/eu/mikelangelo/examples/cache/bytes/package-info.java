/** Searching, hashing, numbers and base64 on bytes outside the heap, without allocation. */
package eu.mikelangelo.examples.cache.bytes;
