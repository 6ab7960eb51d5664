/**
 * vhost-user, the back-end's side (QEMU docs/interop/vhost-user.rst, called "the specification" here). Messages
 * ({@link eu.mikelangelo.vhost.VhostCodec}) and the session's state machine
 * ({@link eu.mikelangelo.vhost.BackEndSession}) know no sockets; {@link eu.mikelangelo.vhost.VhostRuntime} connects or
 * listens and carries bytes and descriptors.
 */
package eu.mikelangelo.vhost;
