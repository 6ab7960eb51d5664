/** The agent. */
package eu.mikelangelo.agent;
