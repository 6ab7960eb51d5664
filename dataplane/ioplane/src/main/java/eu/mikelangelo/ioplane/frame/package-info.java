/** Numbers of the formats of frames, which the packages around it find headers by. Not exported. */
package eu.mikelangelo.ioplane.frame;
