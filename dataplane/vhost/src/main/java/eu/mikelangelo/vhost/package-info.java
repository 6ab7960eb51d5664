/** vhost-user. */
package eu.mikelangelo.vhost;
