/** The guest protocol, host side. */
package eu.mikelangelo.machines.guest;
