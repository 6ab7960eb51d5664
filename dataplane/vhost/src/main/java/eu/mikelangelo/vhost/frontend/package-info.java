/**
 * vhost-user, the front-end's side, as a library: what QEMU does for a guest, for benchmarks and tests that play the
 * guest themselves. Made to be honest by default and able to misbehave.
 */
package eu.mikelangelo.vhost.frontend;
