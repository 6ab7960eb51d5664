/** What a machine is made of on the host: its processes, its logs, the socket of its console. */
package eu.mikelangelo.machines.host;
