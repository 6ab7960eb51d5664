package eu.mikelangelo.linux.net;

/** {@code struct ifreq} (net/if.h) and the requests that take one (linux/sockios.h). */
final class InterfaceLayout {
    static final long SIZE = 40;
    static final long NAME = 0;
    static final int NAME_SIZE = 16;
    /** ifr_flags (2 bytes), ifr_mtu and ifr_ifindex (4 bytes), ifr_hwaddr (a sockaddr) share a union. */
    static final long VALUE = 16;
    /** Where in ifr_hwaddr the address begins, behind its family. */
    static final long HARDWARE_ADDRESS = 18;

    static final int SIOCGIFNAME = 0x8910;
    static final int SIOCGIFFLAGS = 0x8913;
    static final int SIOCSIFFLAGS = 0x8914;
    static final int SIOCGIFMTU = 0x8921;
    static final int SIOCGIFHWADDR = 0x8927;
    static final int SIOCGIFINDEX = 0x8933;

    static final int IFF_UP = 1;
    static final int ARPHRD_ETHER = 1;
    static final int ARPHRD_LOOPBACK = 772;

    private InterfaceLayout() {}
}
