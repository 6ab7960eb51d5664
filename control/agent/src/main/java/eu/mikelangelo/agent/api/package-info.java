/**
 * What both ends of the agent's API share: JSON, the small HTTP client, what people type (ports, sizes, names), and how
 * the agent and the plane are started. Loads no third-party class but Jackson's streaming core, so that a short
 * command stays short.
 */
package eu.mikelangelo.agent.api;
