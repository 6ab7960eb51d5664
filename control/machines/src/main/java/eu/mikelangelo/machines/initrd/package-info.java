/** What the host adds to an image for one machine: the run segment, and the archive format it is in. */
package eu.mikelangelo.machines.initrd;
