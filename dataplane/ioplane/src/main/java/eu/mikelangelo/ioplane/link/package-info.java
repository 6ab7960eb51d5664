/**
 * Interfaces of the host as ports of the switch: {@link eu.mikelangelo.ioplane.link.TapLink} for a TAP device, {@link
 * eu.mikelangelo.ioplane.link.PacketLink} for a network card or any other Ethernet interface. Both look to the switch
 * like the two queues of a guest: frames are shown one by one and stay until they are taken, and a frame is delivered
 * or refused at once. They know nothing of the switch.
 */
package eu.mikelangelo.ioplane.link;
