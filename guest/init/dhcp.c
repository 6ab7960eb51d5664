/* A DHCP client (RFC 2131) for one lease at boot. Packets are built and parsed without I/O; the machine is short-lived,
 * the lease is not renewed. IP and UDP headers are ours, for the interface has no address yet. */
#include "init.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sys/random.h>

enum {
    IP = 20, UDP = 8, BOOTP = 236, COOKIE = 4, OPTIONS = BOOTP + COOKIE, KIND_AT = IP + UDP + OPTIONS + 2,
    LENGTH = IP + UDP + 300 /* RFC 1542: at least 300 bytes of BOOTP */, TRIES = 6, FIRST_WAIT_MS = 250,
    ETHERTYPE_IP = 0x0800, DISCOVER = 1, REQUEST = 3,
    OPT_MASK = 1, OPT_ROUTER = 3, OPT_DNS = 6, OPT_ADDRESS = 50, OPT_KIND = 53, OPT_SERVER = 54, OPT_WANTED = 55,
    OPT_END = 255
};
/* DISCOVER. IP from 0.0.0.0 to 255.255.255.255, checksum included; UDP from 68 to 67, checksum 0: none, legal over
 * IPv4; BOOTREQUEST, Ethernet, 6 bytes of address, to be answered by broadcast: nobody could ask for us by ARP. */
static const uint8_t TEMPLATE[LENGTH] = {
    0x45, 0, LENGTH >> 8, LENGTH & 255, 0, 0, 0, 0, 64, 17, 0x79, 0xa6, 0, 0, 0, 0, 255, 255, 255, 255,
    0, 68, 0, 67, (LENGTH - IP) >> 8, (LENGTH - IP) & 255, 0, 0, 1, 1, 6, [IP + UDP + 10] = 0x80,
    [IP + UDP + BOOTP] = 99, 130, 83, 99, OPT_KIND, 1, DISCOVER, OPT_WANTED, 3, OPT_MASK, OPT_ROUTER, OPT_DNS, OPT_END
};

int dhcp_fd = -1;
int64_t dhcp_due = INT64_MAX;
static struct lease offer;
static uint8_t mac[6];
static uint32_t xid;
static int tries;
static struct sockaddr_ll everybody;

size_t dhcp_build(uint8_t *packet, const uint8_t hardware[6], uint32_t id, const struct lease *ask) {
    memcpy(packet, TEMPLATE, LENGTH);
    store32(packet + IP + UDP + 4, id);
    memcpy(packet + IP + UDP + 28, hardware, 6);
    if (ask->address) {
        packet[KIND_AT] = REQUEST;
        memcpy(packet + KIND_AT + 6, (uint8_t[]){OPT_ADDRESS, 4, 0, 0, 0, 0, OPT_SERVER, 4, 0, 0, 0, 0, OPT_END}, 13);
        memcpy(packet + KIND_AT + 8, &ask->address, 4);
        memcpy(packet + KIND_AT + 14, &ask->server, 4);
    }
    return LENGTH;
}

/* The UDP checksum is not looked at: with checksum offload a virtual card may hand over an unfinished one. */
bool dhcp_parse(const uint8_t *packet, size_t length, const uint8_t hardware[6], uint32_t id, struct lease *out) {
    size_t ip = length ? (size_t)(packet[0] & 15) * 4 : 0, start = ip + UDP + OPTIONS;
    const uint8_t *udp = packet + ip, *bootp = udp + UDP, *end = packet + length;
    *out = (struct lease){0};
    if (ip < IP || length < start || packet[0] >> 4 != 4 || packet[9] != IPPROTO_UDP
            || packet[6] & 0x3f || packet[7]  /* a fragment */
            || udp[2] != 0 || udp[3] != 68 || bootp[0] != 2 || load32(bootp + 4) != id
            || memcmp(bootp + 28, hardware, 6) != 0 || memcmp(bootp + BOOTP, TEMPLATE + IP + UDP + BOOTP, COOKIE) != 0)
        return false;
    memcpy(&out->address, bootp + 16, 4);
    for (const uint8_t *at = packet + start; at < end && *at != OPT_END; at += *at ? 2 + at[1] : 1) {
        if (!*at) continue;
        if (end - at < 2 || end - at < 2 + at[1]) return false;
        uint32_t *field = *at == OPT_MASK ? &out->mask : *at == OPT_ROUTER ? &out->router
            : *at == OPT_DNS ? &out->dns : *at == OPT_SERVER ? &out->server : NULL;
        if (field && at[1] >= 4) memcpy(field, at + 2, 4);  /* the first of several */
        if (*at == OPT_KIND && at[1] == 1) out->kind = at[2];
    }
    return out->kind == DHCP_NAK || (out->kind && out->address);
}

static void transmit(int64_t now) {
    uint8_t packet[LENGTH];
    dhcp_build(packet, mac, xid, &offer);
    /* Lost like any packet when it fails: the timer tells. */
    sendto(dhcp_fd, packet, LENGTH, 0, (struct sockaddr *)&everybody, sizeof everybody);
    dhcp_due = now + (FIRST_WAIT_MS << tries++);
}

bool dhcp_start(int64_t now) {
    socklen_t length = sizeof everybody;
    everybody = (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE_IP)};
    everybody.sll_ifindex = (int)if_nametoindex("eth0");
    dhcp_fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETHERTYPE_IP));
    if (dhcp_fd < 0 || bind(dhcp_fd, (struct sockaddr *)&everybody, sizeof everybody)
            || getsockname(dhcp_fd, (struct sockaddr *)&everybody, &length)) return false;
    memcpy(mac, everybody.sll_addr, 6);
    memset(everybody.sll_addr, 255, 6);
    if (getrandom(&xid, sizeof xid, GRND_NONBLOCK) != sizeof xid) xid = load32(mac + 2) ^ (uint32_t)now;
    transmit(now);
    return true;
}

void dhcp_turn(int64_t now) {
    uint8_t packet[1500];
    struct lease got;
    for (ssize_t n; dhcp_fd >= 0 && (n = recv(dhcp_fd, packet, sizeof packet, 0)) > 0; ) {
        if (!dhcp_parse(packet, (size_t)n, mac, xid, &got)) continue;
        if (got.kind == DHCP_ACK && offer.address) {
            net_done(&got, 0, NULL);
        } else if (got.kind == DHCP_OFFER && !offer.address && got.server) {
            offer = got;
            tries = 0;
            transmit(now);
        } else if (got.kind == DHCP_NAK) {
            offer = (struct lease){0};  /* the next try discovers again */
        }
    }
    if (dhcp_fd >= 0 && now >= dhcp_due) {
        if (tries == TRIES) net_done(NULL, 0, "no DHCP server answered");
        else transmit(now);
    }
}
