package eu.mikelangelo.linux;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares every offset, size and constant with the headers of the machine that runs the test. */
class LayoutTest {
    @Test
    void sameAsTheHeaders(@TempDir Path folder) throws Exception {
        CHeaders.compare(folder, ours(), "errno.h", "fcntl.h", "linux/sock_diag.h", "limits.h", "sched.h",
                "netinet/in.h", "netinet/tcp.h", "sys/epoll.h", "sys/eventfd.h", "sys/mman.h", "sys/socket.h",
                "sys/stat.h", "sys/uio.h", "sys/un.h");
    }

    private static Map<String, Long> ours() {
        Map<String, Long> map = new LinkedHashMap<>();
        structs(map);
        sockets(map);
        inet(map);
        map.put("EPOLL_CLOEXEC", (long) Fds.EPOLL_CLOEXEC);
        map.put("EPOLL_CTL_ADD", (long) Fds.EPOLL_CTL_ADD);
        map.put("EPOLL_CTL_DEL", (long) Fds.EPOLL_CTL_DEL);
        map.put("EPOLL_CTL_MOD", (long) Fds.EPOLL_CTL_MOD);
        map.put("EPOLLIN", (long) EpollEventLayout.EPOLLIN);
        map.put("EPOLLOUT", (long) EpollEventLayout.EPOLLOUT);
        map.put("EPOLLERR", (long) EpollEventLayout.EPOLLERR);
        map.put("EPOLLHUP", (long) EpollEventLayout.EPOLLHUP);
        map.put("EPOLLRDHUP", (long) EpollEventLayout.EPOLLRDHUP);
        map.put("(int)EPOLLET", (long) EpollEventLayout.EPOLLET);
        map.put("EFD_CLOEXEC", (long) Fds.EFD_CLOEXEC);
        map.put("EFD_NONBLOCK", (long) Fds.EFD_NONBLOCK);
        map.put("MFD_CLOEXEC", (long) Fds.MFD_CLOEXEC);
        map.put("MFD_ALLOW_SEALING", (long) Fds.MFD_ALLOW_SEALING);
        map.put("F_GETFL", (long) Fds.F_GETFL);
        map.put("F_SETFL", (long) Fds.F_SETFL);
        map.put("F_DUPFD_CLOEXEC", (long) Fds.F_DUPFD_CLOEXEC);
        map.put("F_ADD_SEALS", (long) Fds.F_ADD_SEALS);
        map.put("F_GET_SEALS", (long) Fds.F_GET_SEALS);
        map.put("F_SEAL_SEAL", (long) Fds.F_SEAL_SEAL);
        map.put("F_SEAL_SHRINK", (long) Fds.F_SEAL_SHRINK);
        map.put("F_SEAL_GROW", (long) Fds.F_SEAL_GROW);
        map.put("O_NONBLOCK", (long) Fds.O_NONBLOCK);
        map.put("PROT_READ", (long) Mappings.PROT_READ);
        map.put("PROT_WRITE", (long) Mappings.PROT_WRITE);
        map.put("MAP_SHARED", (long) Mappings.MAP_SHARED);
        map.put("MAP_PRIVATE", (long) Mappings.MAP_PRIVATE);
        map.put("MAP_ANONYMOUS", (long) Mappings.MAP_ANONYMOUS);
        map.put("MAP_POPULATE", (long) Mappings.MAP_POPULATE);
        map.put("MADV_HUGEPAGE", (long) Mappings.MADV_HUGEPAGE);
        map.put("MAP_NORESERVE", (long) Mappings.MAP_NORESERVE);
        map.put("IOV_MAX", (long) HotCalls.MAX_IOVECS);
        files(map);
        for (int errno = 1; errno < 134; errno++) {
            String name = Errno.name(errno);
            if (name.indexOf(' ') < 0) {
                map.put(name, (long) errno);
            }
        }
        return map;
    }

    private static void files(Map<String, Long> map) {
        map.put("O_RDONLY", (long) OpenFiles.O_RDONLY);
        map.put("O_WRONLY", (long) OpenFiles.O_WRONLY);
        map.put("O_RDWR", (long) OpenFiles.O_RDWR);
        map.put("O_CREAT", (long) OpenFiles.O_CREAT);
        map.put("O_EXCL", (long) OpenFiles.O_EXCL);
        map.put("O_TRUNC", (long) OpenFiles.O_TRUNC);
        map.put("O_APPEND", (long) OpenFiles.O_APPEND);
        map.put("O_DSYNC", (long) OpenFiles.O_DSYNC);
        map.put("O_DIRECT", (long) OpenFiles.O_DIRECT);
        map.put("O_CLOEXEC", (long) OpenFiles.O_CLOEXEC);
        map.put("FALLOC_FL_KEEP_SIZE", (long) OpenFiles.FALLOC_KEEP_SIZE);
        map.put("FALLOC_FL_PUNCH_HOLE", (long) OpenFiles.FALLOC_PUNCH_HOLE);
    }

    private static void inet(Map<String, Long> map) {
        map.put("sizeof(struct sockaddr_in6)", (long) InetAddressLayout.SIZE);
        map.put("sizeof(struct sockaddr_in)", (long) InetAddressLayout.IPV4_SIZE);
        map.put("offsetof(struct sockaddr_in, sin_family)", InetAddressLayout.FAMILY);
        map.put("offsetof(struct sockaddr_in, sin_port)", InetAddressLayout.PORT);
        map.put("offsetof(struct sockaddr_in6, sin6_port)", InetAddressLayout.PORT);
        map.put("offsetof(struct sockaddr_in, sin_addr)", InetAddressLayout.IPV4_ADDRESS);
        map.put("offsetof(struct sockaddr_in6, sin6_addr)", InetAddressLayout.IPV6_ADDRESS);
        map.put("offsetof(struct sockaddr_in6, sin6_scope_id)", InetAddressLayout.IPV6_SCOPE);
        map.put("AF_INET", (long) SocketLayout.AF_INET);
        map.put("AF_INET6", (long) SocketLayout.AF_INET6);
        map.put("SOCK_DGRAM", (long) SocketLayout.SOCK_DGRAM);
        map.put("SO_REUSEADDR", (long) SocketLayout.SO_REUSEADDR);
        map.put("SO_REUSEPORT", (long) SocketLayout.SO_REUSEPORT);
        map.put("SO_ERROR", (long) SocketLayout.SO_ERROR);
        map.put("SO_KEEPALIVE", (long) SocketLayout.SO_KEEPALIVE);
        map.put("SO_LINGER", (long) SocketLayout.SO_LINGER);
        map.put("SO_MEMINFO", (long) SocketLayout.SO_MEMINFO);
        map.put("SK_MEMINFO_VARS", (long) SocketLayout.SK_MEMINFO_VARS);
        map.put("SK_MEMINFO_DROPS", (long) SocketLayout.SK_MEMINFO_DROPS);
        map.put("SO_INCOMING_CPU", (long) SocketLayout.SO_INCOMING_CPU);
        map.put("sizeof(struct linger)", 8L);
        map.put("offsetof(struct linger, l_linger)", 4L);
        map.put("IPPROTO_TCP", (long) SocketLayout.IPPROTO_TCP);
        map.put("TCP_NODELAY", (long) SocketLayout.TCP_NODELAY);
        map.put("IPPROTO_IPV6", (long) SocketLayout.IPPROTO_IPV6);
        map.put("IPV6_V6ONLY", (long) SocketLayout.IPV6_V6ONLY);
        map.put("MSG_MORE", (long) SocketLayout.MSG_MORE);
        map.put("MSG_TRUNC", (long) MessageLayout.MSG_TRUNC);
        map.put("offsetof(struct msghdr, msg_namelen)", SocketLayout.MSG_NAMELEN);
        map.put("SHUT_RD", (long) InetSockets.SHUT_RD);
        map.put("SHUT_WR", (long) InetSockets.SHUT_WR);
        map.put("SHUT_RDWR", (long) InetSockets.SHUT_RDWR);
    }

    private static void structs(Map<String, Long> map) {
        map.put("sizeof(struct epoll_event)", EpollEventLayout.SIZE);
        map.put("offsetof(struct epoll_event, events)", EpollEventLayout.EVENTS);
        map.put("offsetof(struct epoll_event, data)", EpollEventLayout.DATA);
        map.put("sizeof(struct iovec)", IovecLayout.SIZE);
        map.put("offsetof(struct iovec, iov_base)", IovecLayout.BASE);
        map.put("offsetof(struct iovec, iov_len)", IovecLayout.LENGTH);
        map.put("sizeof(struct stat)", StatLayout.SIZE);
        map.put("offsetof(struct stat, st_dev)", StatLayout.DEVICE);
        map.put("offsetof(struct stat, st_ino)", StatLayout.INODE);
        map.put("offsetof(struct stat, st_mode)", StatLayout.MODE);
        map.put("offsetof(struct stat, st_size)", StatLayout.FILE_SIZE);
        map.put("offsetof(struct stat, st_blksize)", StatLayout.BLOCK_SIZE);
        map.put("S_IFMT", (long) StatLayout.S_IFMT);
        map.put("S_IFREG", (long) StatLayout.S_IFREG);
        map.put("sizeof(cpu_set_t)", (long) Cpus.CPU_SET_BYTES);
    }

    private static void sockets(Map<String, Long> map) {
        map.put("sizeof(struct sockaddr_un)", SocketLayout.SOCKADDR_UN_SIZE);
        map.put("offsetof(struct sockaddr_un, sun_path)", SocketLayout.SUN_PATH);
        map.put("sizeof(((struct sockaddr_un *)0)->sun_path)", (long) SocketLayout.SUN_PATH_SIZE);
        map.put("sizeof(struct msghdr)", SocketLayout.MSGHDR_SIZE);
        map.put("offsetof(struct msghdr, msg_name)", SocketLayout.MSG_NAME);
        map.put("offsetof(struct msghdr, msg_iov)", SocketLayout.MSG_IOV);
        map.put("offsetof(struct msghdr, msg_iovlen)", SocketLayout.MSG_IOVLEN);
        map.put("offsetof(struct msghdr, msg_control)", SocketLayout.MSG_CONTROL);
        map.put("offsetof(struct msghdr, msg_controllen)", SocketLayout.MSG_CONTROLLEN);
        map.put("offsetof(struct msghdr, msg_flags)", SocketLayout.MSG_FLAGS);
        map.put("CMSG_LEN(0)", SocketLayout.CMSGHDR_SIZE);
        map.put("CMSG_ALIGN(17)", SocketLayout.align(17));
        map.put("offsetof(struct cmsghdr, cmsg_len)", SocketLayout.CMSG_LEN);
        map.put("offsetof(struct cmsghdr, cmsg_level)", SocketLayout.CMSG_LEVEL);
        map.put("offsetof(struct cmsghdr, cmsg_type)", SocketLayout.CMSG_TYPE);
        map.put("sizeof(struct ucred)", SocketLayout.UCRED_SIZE);
        map.put("offsetof(struct ucred, pid)", SocketLayout.UCRED_PID);
        map.put("offsetof(struct ucred, uid)", SocketLayout.UCRED_UID);
        map.put("offsetof(struct ucred, gid)", SocketLayout.UCRED_GID);
        map.put("AF_UNIX", (long) SocketLayout.AF_UNIX);
        map.put("SOCK_STREAM", (long) SocketLayout.SOCK_STREAM);
        map.put("SOCK_NONBLOCK", (long) SocketLayout.SOCK_NONBLOCK);
        map.put("SOCK_CLOEXEC", (long) SocketLayout.SOCK_CLOEXEC);
        map.put("SOL_SOCKET", (long) SocketLayout.SOL_SOCKET);
        map.put("SO_SNDBUF", (long) SocketLayout.SO_SNDBUF);
        map.put("SO_RCVBUF", (long) SocketLayout.SO_RCVBUF);
        map.put("SO_PEERCRED", (long) SocketLayout.SO_PEERCRED);
        map.put("SCM_RIGHTS", (long) SocketLayout.SCM_RIGHTS);
        map.put("MSG_CTRUNC", (long) SocketLayout.MSG_CTRUNC);
        map.put("MSG_DONTWAIT", (long) SocketLayout.MSG_DONTWAIT);
        map.put("MSG_NOSIGNAL", (long) SocketLayout.MSG_NOSIGNAL);
        map.put("MSG_CMSG_CLOEXEC", (long) SocketLayout.MSG_CMSG_CLOEXEC);
    }
}
