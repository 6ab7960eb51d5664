/** Commands about this host: agent, plane, what is installed. */
package eu.mikelangelo.cli.host;
