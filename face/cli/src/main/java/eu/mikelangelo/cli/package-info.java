/**
 * The command line. One class a command, of the same four parts: what it is and examples (the annotation), options
 * (annotated fields), {@code call()} that talks to the agent, and the rendering of the answer. {@link Main} loads only
 * the class of the command that was typed.
 */
package eu.mikelangelo.cli;
