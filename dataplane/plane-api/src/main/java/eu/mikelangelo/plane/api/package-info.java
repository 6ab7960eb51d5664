/**
 * The plane's control protocol: a Unix stream socket ({@code run/plane.sock}), one request, one response, in order. A
 * frame is a u32 length (big-endian, at most {@link eu.mikelangelo.plane.api.Wire#MAX_REQUEST} or
 * {@link eu.mikelangelo.plane.api.Wire#MAX_RESPONSE}), a u8 type and fields as {@link java.io.DataOutput} writes them.
 * A connection begins with {@link eu.mikelangelo.plane.api.Request.Hello}.
 */
package eu.mikelangelo.plane.api;
