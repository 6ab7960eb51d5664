package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.frame.ArpFrame;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.QueueConfig;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * Tells machines where their neighbours are once they have their network again: what a switch does that takes a broken
 * one's place.
 *
 * <p>While there is no plane QEMU takes the link down, and Linux forgets its neighbours with it (since 4.20). What a
 * guest's TCP sends again meanwhile then waits in its kernel for an ARP answer, which is asked for once a second. So a
 * machine that is back is given the answers unasked, of the gateway and of each other machine that it may reach, and
 * those are given its own: what waits goes at once. An answer to a question that a guest did not ask changes nothing.
 *
 * <p>That a machine is back is known by its first frame (the link coming up makes Linux report its IPv6 groups) or
 * taken for granted after {@value #SILENCE_NS} ns; what was told before the guest has seen the link come up would send
 * the waiting frames into the void.
 *
 * <p>Threading: the core's thread. Nothing is allocated after construction.
 */
final class Announcer {
    static final long SILENCE_NS = 150_000_000;
    /** QEMU asks five times, 50 ms apart and more. */
    static final long ANNOUNCE_NS = 20_000_000;
    /** A ring's indices after the driver's start, in both formats, but for wrap counters. */
    private static final int POSITION = 0x7fff;
    private static final long NOT_LOOKED = -1;
    private static final long LONG_AGO = Long.MIN_VALUE / 2;

    private final Switch fabric;
    private final long gatewayMac;
    private final int gatewayIpv4;
    private final Region message = new Region(Arena.ofAuto().allocate(ArpFrame.BYTES, 8));
    private final ScatterList list = new ScatterList(1);
    private final boolean[] awaited = new boolean[Switch.MAX_PORTS];
    private final boolean[] told = new boolean[Switch.MAX_PORTS];
    private final long[] announcedNs = new long[Switch.MAX_PORTS];
    private final long[] sinceNs = new long[Switch.MAX_PORTS];
    /** By slot: frames that the machine had sent when its rings, and what had stayed in them, were looked at first. */
    private final long[] sent = new long[Switch.MAX_PORTS];
    private int waiting;

    /** @param gatewayMac or {@link FrameRules#NO_GATEWAY} */
    Announcer(Switch fabric, long gatewayMac, int gatewayIpv4) {
        this.fabric = fabric;
        this.gatewayMac = gatewayMac;
        this.gatewayIpv4 = gatewayIpv4;
        Arrays.fill(sent, NOT_LOOKED);
        Arrays.fill(announcedNs, LONG_AGO);
    }

    /**
     * Sends everyone a RARP request from this address, which is behind this port now. One that comes too soon behind
     * the one before is left out, for each goes to all ports.
     */
    void announce(Port port, long mac, long nowNs) {
        if (nowNs - announcedNs[port.slot] < ANNOUNCE_NS || mac == 0) {
            return;
        }
        announcedNs[port.slot] = nowNs;
        ArpFrame.reverse(message, 0, mac);
        list.clear();
        list.add(message, 0, ArpFrame.BYTES);
        fabric.send(port, list, ArpFrame.BYTES, nowNs);
        fabric.flush();
    }

    /** The receive ring of this port was started. Only the first time of a connection says something of the link. */
    void started(Port port, QueueConfig ring, long nowNs) {
        if (told[port.slot] || !known(port)) {
            return;
        }
        if ((ring.nextAvail() & POSITION) == 0) {
            // It begins, and its driver, too: who has just booted waits for no answer.
            told[port.slot] = true;
            return;
        }
        if (!awaited[port.slot]) {
            awaited[port.slot] = true;
            waiting++;
        }
        sinceNs[port.slot] = nowNs;
        sent[port.slot] = NOT_LOOKED;
    }

    /** The port is removed or has lost its front-end; another one's link has been down. */
    void lost(Port port) {
        forget(port);
        told[port.slot] = false;
    }

    private void forget(Port port) {
        if (awaited[port.slot]) {
            awaited[port.slot] = false;
            waiting--;
        }
    }

    private static boolean known(Port port) {
        return port.config().mac() != PortConfig.ANY_MAC && port.config().ipv4() != 0 && port.link == null;
    }

    /** To be called in each turn, after the bursts. */
    void turn(long nowNs) {
        if (waiting == 0) {
            return;
        }
        for (int slot = 0; slot < fabric.top(); slot++) {
            if (awaited[slot] && back(fabric.port(slot), nowNs)) {
                forget(fabric.port(slot));
                told[slot] = true;
                tell(fabric.port(slot), nowNs);
            }
        }
    }

    private boolean back(Port port, long nowNs) {
        boolean late = nowNs - sinceNs[port.slot] >= SILENCE_NS;
        if (sent[port.slot] == NOT_LOOKED) {
            sent[port.slot] = port.txFrames();
            return late;
        }
        return late || port.open() && port.txFrames() != sent[port.slot];
    }

    private void tell(Port port, long nowNs) {
        if (!port.open()) {
            return;
        }
        if (gatewayMac != FrameRules.NO_GATEWAY && port.uplinkConnected()) {
            write(gatewayMac, gatewayIpv4, port);
            fabric.offer(port, list, ArpFrame.BYTES, nowNs);
        }
        for (int slot = 0; slot < fabric.top(); slot++) {
            Port other = fabric.port(slot);
            // One that is not back yet tells its own tale when it is.
            if (other != null && other != port && !awaited[slot] && known(other) && other.open()) {
                tell(other, port, nowNs);
                tell(port, other, nowNs);
            }
        }
        fabric.flush();
    }

    private void tell(Port of, Port to, long nowNs) {
        write(of.config().mac(), of.config().ipv4(), to);
        fabric.give(of, to, message, ArpFrame.BYTES, nowNs);
    }

    private void write(long mac, int ipv4, Port to) {
        ArpFrame.reply(message, 0, mac, ipv4, to.config().mac(), to.config().ipv4());
        list.clear();
        list.add(message, 0, ArpFrame.BYTES);
    }

    /** @return when a silent machine is taken for one that is back, or {@link Long#MAX_VALUE} */
    long deadlineNs() {
        long next = Long.MAX_VALUE;
        for (int slot = 0; waiting > 0 && slot < fabric.top(); slot++) {
            if (awaited[slot]) {
                next = Math.min(next, sinceNs[slot] + SILENCE_NS);
            }
        }
        return next;
    }
}
