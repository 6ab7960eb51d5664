/** Two threads in every order that the machine and the compiler know; run by {@code ./do race}. */
package eu.mikelangelo.race;
