/** How C functions are linked and called. Not exported: the packages of this module only. */
package eu.mikelangelo.linux.ffi;
