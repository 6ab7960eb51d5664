/* A DHCP client (RFC 2131) for one lease at boot. Packets are built and parsed without I/O; the machine is short-lived,
 * the lease is not renewed. IP and UDP headers are ours, for the interface has no address yet. */
#include "init.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sys/random.h>

enum {
    IP = 20, UDP = 8, BOOTP = 236, COOKIE = 4, OPTIONS = IP + UDP + BOOTP + COOKIE,
    LENGTH = OPTIONS + 60 /* RFC 1542: at least 300 bytes of BOOTP */, TRIES = 6, FIRST_WAIT_MS = 250,
    ETHERTYPE_IP = 0x0800, DISCOVER = 1, REQUEST = 3,
    OPT_MASK = 1, OPT_ROUTER = 3, OPT_DNS = 6, OPT_ADDRESS = 50, OPT_KIND = 53, OPT_SERVER = 54, OPT_WANTED = 55,
    OPT_END = 255
};
static const uint8_t MAGIC[COOKIE] = {99, 130, 83, 99};
/* IP from 0.0.0.0 to 255.255.255.255, checksum included; UDP from 68 to 67, checksum 0: none, legal over IPv4. */
static const uint8_t HEADERS[IP + UDP] = {
    0x45, 0, LENGTH >> 8, LENGTH & 255, 0, 0, 0, 0, 64, 17, 0x79, 0xa6, 0, 0, 0, 0, 255, 255, 255, 255,
    0, 68, 0, 67, (LENGTH - IP) >> 8, (LENGTH - IP) & 255, 0, 0
};

int dhcp_fd = -1;
int64_t dhcp_due = INT64_MAX;
static struct lease offer;
static uint8_t mac[6];
static uint32_t xid;
static int tries;
static struct sockaddr_ll everybody;
static int64_t began;

static uint8_t *option4(uint8_t *at, uint8_t option, uint32_t value) {
    *at++ = option;
    *at++ = 4;
    memcpy(at, &value, 4);
    return at + 4;
}

/* DISCOVER when `ask` holds no address, else REQUEST for it. */
size_t dhcp_build(uint8_t *packet, const uint8_t hardware[6], uint32_t id, const struct lease *ask, uint16_t seconds) {
    uint8_t *bootp = packet + IP + UDP, *at = packet + OPTIONS;
    memset(packet, 0, DHCP_PACKET);
    memcpy(packet, HEADERS, sizeof HEADERS);
    memcpy(bootp, (uint8_t[]){1, 1, 6}, 3);  /* BOOTREQUEST, Ethernet, 6 bytes of address */
    store32(bootp + 4, id);
    bootp[8] = (uint8_t)(seconds >> 8);
    bootp[9] = (uint8_t)seconds;
    bootp[10] = 0x80;                        /* answer by broadcast: we have no address to be asked for by ARP */
    memcpy(bootp + 28, hardware, 6);
    memcpy(bootp + BOOTP, MAGIC, COOKIE);
    *at++ = OPT_KIND;
    *at++ = 1;
    *at++ = ask->address ? REQUEST : DISCOVER;
    if (ask->address) {
        at = option4(at, OPT_ADDRESS, ask->address);
        at = option4(at, OPT_SERVER, ask->server);
    }
    memcpy(at, (uint8_t[]){OPT_WANTED, 3, OPT_MASK, OPT_ROUTER, OPT_DNS, OPT_END}, 6);
    return LENGTH;
}

static void take_option(struct lease *l, uint8_t option, const uint8_t *value, size_t length) {
    uint32_t first = 0;
    if (length >= 4) memcpy(&first, value, 4);
    switch (option) {
        case OPT_KIND: l->kind = length == 1 ? value[0] : 0; break;
        case OPT_MASK: l->mask = first; break;
        case OPT_ROUTER: l->router = first; break;
        case OPT_DNS: l->dns = first; break;
        case OPT_SERVER: l->server = first; break;
        default: break;
    }
}

/* The UDP checksum is not looked at: with checksum offload a virtual card may hand over an unfinished one. */
bool dhcp_parse(const uint8_t *packet, size_t length, const uint8_t hardware[6], uint32_t id, struct lease *out) {
    if (length < IP || packet[0] >> 4 != 4 || packet[9] != IPPROTO_UDP) return false;
    size_t ip = (size_t)(packet[0] & 15) * 4, start = ip + UDP + BOOTP + COOKIE;
    if (ip < IP || length < start || packet[6] & 0x3f || packet[7]) {  /* not a fragment */
        return false;
    }
    const uint8_t *udp = packet + ip, *bootp = udp + UDP;
    if (udp[2] != 0 || udp[3] != 68 || bootp[0] != 2 || load32(bootp + 4) != id || memcmp(bootp + 28, hardware, 6) != 0
            || memcmp(bootp + BOOTP, MAGIC, COOKIE) != 0) {
        return false;
    }
    *out = (struct lease){0};
    memcpy(&out->address, bootp + 16, 4);
    for (size_t at = start; at < length && packet[at] != OPT_END; ) {
        if (packet[at] == 0) { at++; continue; }
        if (at + 2 > length || at + 2 + packet[at + 1] > length) return false;
        take_option(out, packet[at], packet + at + 2, packet[at + 1]);
        at += 2u + packet[at + 1];
    }
    return out->kind == DHCP_NAK || (out->kind && out->address);
}

static void transmit(int64_t now) {
    uint8_t packet[DHCP_PACKET];
    size_t length = dhcp_build(packet, mac, xid, &offer, (uint16_t)((now - began) / 1000));
    /* Lost like any packet when it fails: the timer tells. */
    sendto(dhcp_fd, packet, length, 0, (struct sockaddr *)&everybody, sizeof everybody);
    dhcp_due = now + (FIRST_WAIT_MS << tries++);
}

static void end(const struct lease *lease, const char *why_not) {
    close(dhcp_fd);
    dhcp_fd = -1;
    dhcp_due = INT64_MAX;
    net_done(lease, 0, why_not);
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
    began = now;
    transmit(now);
    return true;
}

void dhcp_turn(int64_t now) {
    uint8_t packet[1500];
    struct lease got;
    for (ssize_t n; dhcp_fd >= 0 && (n = recv(dhcp_fd, packet, sizeof packet, 0)) > 0; ) {
        if (!dhcp_parse(packet, (size_t)n, mac, xid, &got)) continue;
        if (got.kind == DHCP_ACK && offer.address) {
            end(&got, NULL);
        } else if (got.kind == DHCP_OFFER && !offer.address && got.server) {
            offer = got;
            tries = 0;
            transmit(now);
        } else if (got.kind == DHCP_NAK) {
            offer = (struct lease){0};  /* the next try discovers again */
        }
    }
    if (dhcp_fd >= 0 && now >= dhcp_due) {
        if (tries == TRIES) end(NULL, "no DHCP server answered");
        else transmit(now);
    }
}
