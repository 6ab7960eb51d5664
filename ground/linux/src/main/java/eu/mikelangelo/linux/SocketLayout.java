package eu.mikelangelo.linux;

/** Structs and constants of sockets: sys/socket.h, sys/un.h, bits/socket.h, netinet/in.h, netinet/tcp.h. */
final class SocketLayout {
    static final int AF_UNIX = 1;
    static final int AF_INET = 2;
    static final int AF_INET6 = 10;
    static final int SOCK_STREAM = 1;
    static final int SOCK_DGRAM = 2;
    static final int SOCK_NONBLOCK = 0x800;
    static final int SOCK_CLOEXEC = 0x80000;
    static final int SOL_SOCKET = 1;
    static final int SO_REUSEADDR = 2;
    static final int SO_ERROR = 4;
    static final int SO_SNDBUF = 7;
    static final int SO_RCVBUF = 8;
    static final int SO_KEEPALIVE = 9;
    static final int SO_LINGER = 13;
    static final int SO_REUSEPORT = 15;
    static final int SO_PEERCRED = 17;
    static final int SO_INCOMING_CPU = 49;
    static final int SO_MEMINFO = 55;
    /** linux/sock_diag.h: the values of SO_MEMINFO, and which of them are the drops. */
    static final int SK_MEMINFO_VARS = 9;
    static final int SK_MEMINFO_DROPS = 8;
    static final int IPPROTO_TCP = 6;
    static final int TCP_NODELAY = 1;
    static final int IPPROTO_IPV6 = 41;
    static final int IPV6_V6ONLY = 26;
    static final int SCM_RIGHTS = 1;
    static final int MSG_CTRUNC = 0x8;
    static final int MSG_DONTWAIT = 0x40;
    static final int MSG_NOSIGNAL = 0x4000;
    static final int MSG_MORE = 0x8000;
    static final int MSG_CMSG_CLOEXEC = 0x40000000;

    /** struct sockaddr_un: sa_family_t, then the path with its terminating zero. */
    static final long SOCKADDR_UN_SIZE = 110;
    static final long SUN_PATH = 2;
    static final int SUN_PATH_SIZE = 108;

    /** struct msghdr. */
    static final long MSGHDR_SIZE = 56;
    static final long MSG_NAME = 0;
    static final long MSG_NAMELEN = 8;
    static final long MSG_IOV = 16;
    static final long MSG_IOVLEN = 24;
    static final long MSG_CONTROL = 32;
    static final long MSG_CONTROLLEN = 40;
    static final long MSG_FLAGS = 48;

    /** struct cmsghdr, 8-byte aligned (CMSG_ALIGN). */
    static final long CMSGHDR_SIZE = 16;
    static final long CMSG_LEN = 0;
    static final long CMSG_LEVEL = 8;
    static final long CMSG_TYPE = 12;

    /** struct ucred. */
    static final long UCRED_SIZE = 12;
    static final long UCRED_PID = 0;
    static final long UCRED_UID = 4;
    static final long UCRED_GID = 8;

    private SocketLayout() {}

    /** CMSG_ALIGN. */
    static long align(long length) {
        return (length + 7) & ~7L;
    }
}
