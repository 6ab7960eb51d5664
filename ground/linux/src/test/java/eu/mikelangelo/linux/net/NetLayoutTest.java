package eu.mikelangelo.linux.net;

import eu.mikelangelo.linux.CHeaders;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares every offset, size and constant with the headers of the machine that runs the test. */
class NetLayoutTest {
    @Test
    void sameAsTheHeaders(@TempDir Path folder) throws Exception {
        Map<String, Long> map = new LinkedHashMap<>();
        interfaces(map);
        tun(map);
        packetStructs(map);
        packetOptions(map);
        CHeaders.compare(folder, map, "sys/socket.h", "sys/ioctl.h", "net/if.h", "net/if_arp.h", "linux/sockios.h",
                "linux/if_tun.h", "linux/if_ether.h", "linux/if_packet.h", "linux/virtio_net.h");
    }

    private static void interfaces(Map<String, Long> map) {
        map.put("sizeof(struct ifreq)", InterfaceLayout.SIZE);
        map.put("IFNAMSIZ", (long) InterfaceLayout.NAME_SIZE);
        map.put("offsetof(struct ifreq, ifr_name)", InterfaceLayout.NAME);
        map.put("offsetof(struct ifreq, ifr_flags)", InterfaceLayout.VALUE);
        map.put("offsetof(struct ifreq, ifr_mtu)", InterfaceLayout.VALUE);
        map.put("offsetof(struct ifreq, ifr_ifindex)", InterfaceLayout.VALUE);
        map.put("offsetof(struct ifreq, ifr_hwaddr)", InterfaceLayout.VALUE);
        map.put("offsetof(struct ifreq, ifr_hwaddr.sa_data)", InterfaceLayout.HARDWARE_ADDRESS);
        map.put("SIOCGIFNAME", (long) InterfaceLayout.SIOCGIFNAME);
        map.put("SIOCGIFFLAGS", (long) InterfaceLayout.SIOCGIFFLAGS);
        map.put("SIOCSIFFLAGS", (long) InterfaceLayout.SIOCSIFFLAGS);
        map.put("SIOCGIFMTU", (long) InterfaceLayout.SIOCGIFMTU);
        map.put("SIOCGIFHWADDR", (long) InterfaceLayout.SIOCGIFHWADDR);
        map.put("SIOCGIFINDEX", (long) InterfaceLayout.SIOCGIFINDEX);
        map.put("IFF_UP", (long) InterfaceLayout.IFF_UP);
        map.put("ARPHRD_ETHER", (long) InterfaceLayout.ARPHRD_ETHER);
        map.put("ARPHRD_LOOPBACK", (long) InterfaceLayout.ARPHRD_LOOPBACK);
    }

    private static void tun(Map<String, Long> map) {
        map.put("TUNSETIFF", (long) TunLayout.TUNSETIFF);
        map.put("TUNSETOFFLOAD", (long) TunLayout.TUNSETOFFLOAD);
        map.put("TUNSETVNETHDRSZ", (long) TunLayout.TUNSETVNETHDRSZ);
        map.put("TUNSETVNETLE", (long) TunLayout.TUNSETVNETLE);
        map.put("TUN_F_CSUM", (long) TunLayout.TUN_F_CSUM);
        map.put("TUN_F_TSO4", (long) TunLayout.TUN_F_TSO4);
        map.put("TUN_F_TSO6", (long) TunLayout.TUN_F_TSO6);
        map.put("TUN_F_TSO_ECN", (long) TunLayout.TUN_F_TSO_ECN);
        map.put("IFF_TAP", (long) TunLayout.IFF_TAP);
        map.put("IFF_MULTI_QUEUE", (long) TunLayout.IFF_MULTI_QUEUE);
        map.put("IFF_NO_PI", (long) TunLayout.IFF_NO_PI);
        map.put("IFF_VNET_HDR", (long) TunLayout.IFF_VNET_HDR);
        map.put("sizeof(struct virtio_net_hdr_v1)", (long) TapDevice.HEADER);
        map.put("sizeof(struct virtio_net_hdr)", (long) PacketSocket.HEADER);
    }

    private static void packetStructs(Map<String, Long> map) {
        map.put("offsetof(struct tpacket2_hdr, tp_status)", PacketLayout.STATUS);
        map.put("offsetof(struct tpacket2_hdr, tp_len)", PacketLayout.LENGTH);
        map.put("offsetof(struct tpacket2_hdr, tp_snaplen)", PacketLayout.CAPTURED);
        map.put("offsetof(struct tpacket2_hdr, tp_mac)", PacketLayout.FRAME);
        map.put("offsetof(struct tpacket2_hdr, tp_vlan_tci)", PacketLayout.TAG);
        map.put("offsetof(struct tpacket2_hdr, tp_vlan_tpid)", PacketLayout.TAG_TYPE);
        map.put("TPACKET_ALIGN(sizeof(struct tpacket2_hdr))", (long) PacketLayout.SLOT_HEADER);
        map.put("TPACKET2_HDRLEN - sizeof(struct sockaddr_ll)", (long) PacketLayout.SEND_DATA);
        map.put("sizeof(struct sockaddr_ll)", PacketLayout.ADDRESS_SIZE);
        map.put("offsetof(struct sockaddr_ll, sll_protocol)", PacketLayout.ADDRESS_PROTOCOL);
        map.put("offsetof(struct sockaddr_ll, sll_ifindex)", PacketLayout.ADDRESS_INTERFACE);
        map.put("sizeof(struct tpacket_req) / sizeof(int)", (long) PacketLayout.REQUEST_INTS);
        map.put("sizeof(struct packet_mreq)", PacketLayout.MEMBERSHIP_SIZE);
        map.put("offsetof(struct packet_mreq, mr_type)", PacketLayout.MEMBERSHIP_TYPE);
        map.put("sizeof(struct tpacket_stats)", PacketLayout.STATISTICS_SIZE);
        map.put("offsetof(struct tpacket_stats, tp_drops)", PacketLayout.STATISTICS_DROPS);
        map.put("TP_STATUS_USER", (long) PacketLayout.TP_STATUS_USER);
        map.put("TP_STATUS_COPY", (long) PacketLayout.TP_STATUS_COPY);
        map.put("TP_STATUS_LOSING", (long) PacketLayout.TP_STATUS_LOSING);
        map.put("TP_STATUS_VLAN_VALID", (long) PacketLayout.TP_STATUS_VLAN_VALID);
        map.put("TP_STATUS_VLAN_TPID_VALID", (long) PacketLayout.TP_STATUS_VLAN_TPID_VALID);
        map.put("TP_STATUS_KERNEL", (long) PacketLayout.TP_STATUS_FREE);
        map.put("TP_STATUS_AVAILABLE", (long) PacketLayout.TP_STATUS_FREE);
        map.put("TP_STATUS_SEND_REQUEST", (long) PacketLayout.TP_STATUS_SEND_REQUEST);
        map.put("TPACKET_V2", (long) PacketLayout.TPACKET_V2);
    }

    private static void packetOptions(Map<String, Long> map) {
        map.put("AF_PACKET", (long) PacketLayout.AF_PACKET);
        map.put("SOCK_RAW", (long) PacketLayout.SOCK_RAW);
        map.put("SOCK_CLOEXEC | SOCK_NONBLOCK", (long) PacketSocket.FLAGS);
        map.put("ETH_P_ALL", (long) PacketLayout.ETH_P_ALL);
        map.put("SOL_PACKET", (long) PacketLayout.SOL_PACKET);
        map.put("PACKET_ADD_MEMBERSHIP", (long) PacketLayout.PACKET_ADD_MEMBERSHIP);
        map.put("PACKET_RX_RING", (long) PacketLayout.PACKET_RX_RING);
        map.put("PACKET_STATISTICS", (long) PacketLayout.PACKET_STATISTICS);
        map.put("PACKET_COPY_THRESH", (long) PacketLayout.PACKET_COPY_THRESH);
        map.put("PACKET_VERSION", (long) PacketLayout.PACKET_VERSION);
        map.put("PACKET_TX_RING", (long) PacketLayout.PACKET_TX_RING);
        map.put("PACKET_LOSS", (long) PacketLayout.PACKET_LOSS);
        map.put("PACKET_VNET_HDR", (long) PacketLayout.PACKET_VNET_HDR);
        map.put("PACKET_QDISC_BYPASS", (long) PacketLayout.PACKET_QDISC_BYPASS);
        map.put("PACKET_IGNORE_OUTGOING", (long) PacketLayout.PACKET_IGNORE_OUTGOING);
        map.put("PACKET_MR_PROMISC", (long) PacketLayout.PACKET_MR_PROMISC);
        map.put("SOL_SOCKET", (long) PacketLayout.SOL_SOCKET);
        map.put("SO_ERROR", (long) PacketLayout.SO_ERROR);
        map.put("SO_SNDBUF", (long) PacketLayout.SO_SNDBUF);
        map.put("SO_RCVBUF", (long) PacketLayout.SO_RCVBUF);
        map.put("SO_SNDBUFFORCE", (long) PacketLayout.SO_SNDBUFFORCE);
        map.put("SO_RCVBUFFORCE", (long) PacketLayout.SO_RCVBUFFORCE);
    }
}
