/**
 * The agent: one process per home that owns machines, images and the plane's supervision, and serves the API.
 * {@code AgentMain} wires it; {@code ApiServer} and the {@code …Routes} are the face, {@code Orchestrator} the head,
 * {@code PlaneSupervisor} the hand on the plane. The services in between are interfaces so that each is tested alone.
 */
package eu.mikelangelo.agent;
