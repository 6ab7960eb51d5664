/**
 * The host side of guest/PROTOCOL.md: {@link eu.mikelangelo.machines.guest.GuestChannel} speaks with init over
 * {@code mike.control}, {@link eu.mikelangelo.machines.guest.StatusReader} reads what init said of the machine.
 *
 * <p>The guest is hostile: every length, number and count that it sends is checked and bounded here.
 */
package eu.mikelangelo.machines.guest;
