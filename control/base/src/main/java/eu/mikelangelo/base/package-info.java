/** Failures that speak to an operator, directories, durable files, progress. */
package eu.mikelangelo.base;
