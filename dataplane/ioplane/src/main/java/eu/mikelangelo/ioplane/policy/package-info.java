/**
 * What the switch asks of single ports beyond the rules that all have: VLANs, isolation, rates, storms.
 *
 * <p>A {@link eu.mikelangelo.ioplane.policy.PortPolicy} is what was asked for; a {@link
 * eu.mikelangelo.ioplane.policy.PortRules} is that at work, with its tokens, on the core of its port. A port of which
 * nothing is asked is {@link eu.mikelangelo.ioplane.policy.PortRules#plain plain}: one test, and nothing else here
 * costs it anything.
 */
package eu.mikelangelo.ioplane.policy;
