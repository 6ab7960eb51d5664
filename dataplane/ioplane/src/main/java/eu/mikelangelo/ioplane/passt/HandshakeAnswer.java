package eu.mikelangelo.ioplane.passt;

import eu.mikelangelo.virtio.ScatterList;

/**
 * Completes the TCP handshake of connections that come in through an uplink: for the SYN-ACK that a guest sends to
 * the gateway's MAC it makes the ACK that ends the handshake (RFC 9293, section 3.5).
 *
 * <p>passt before the middle of 2023 (Debian 12 has such a one) sends none until its client says or ends something.
 * A server that speaks first (SMTP, SSH, MySQL, FTP) waits for its connection and its client for the greeting, for
 * ever. A later passt sends the ACK itself; then the guest sees it twice, which TCP takes for nothing new.
 *
 * <p>It must only be given to the guest when the SYN-ACK is on its way to passt: without this ACK the guest would
 * send it again, with it the guest does not. One that the guest loses is made again for its next SYN-ACK.
 *
 * <p>The ACK has no timestamp: passt's SYN has no such option, so none was negotiated (RFC 7323, section 3.2).
 *
 * <p>Threading: one thread. Nothing is allocated per frame.
 */
public final class HandshakeAnswer {
    /**
     * What the guest may send before passt says how much it takes, in units of passt's window scale, 256: the initial
     * window of RFC 6928 for 1,460-byte segments. A guest that scales no windows may send 57 bytes, which is enough to
     * be told more.
     */
    public static final int WINDOW = 57;

    private final TcpFrame answer = new TcpFrame();

    /**
     * @param segment what the guest sends to the uplink
     * @return true when it is a SYN-ACK; its answer is then in {@link #frame} until the next call
     */
    public boolean answers(TcpHead segment) {
        if (!segment.accepts()) {
            return false;
        }
        // A SYN counts as one byte.
        answer.make(segment, true, segment.acknowledged(), segment.sequence() + 1, WINDOW, 0);
        return true;
    }

    /** Makes a list of the answer alone. @return its length */
    public int frame(ScatterList list) {
        return answer.frame(list);
    }
}
