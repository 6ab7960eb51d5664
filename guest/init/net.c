/* The network of the machine: lo, eth0 with a given or leased address, and the files under /etc that name things. */
#include "init.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <net/route.h>

bool net_settled;

/* One request about the network; 0 or errno. */
static int request(unsigned long what, void *argument) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = fd < 0 || ioctl(fd, what, argument) ? errno : 0;
    close(fd);
    return error;
}

static int up(const char *name) {
    struct ifreq r = {.ifr_flags = IFF_UP | IFF_RUNNING};
    strcpy(r.ifr_name, name);
    return request(SIOCSIFFLAGS, &r);
}

static int set_address(unsigned long what, uint32_t address) {
    struct ifreq r = {.ifr_name = "eth0"};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = address};
    memcpy(&r.ifr_addr, &in, sizeof in);
    return request(what, &r);
}

static int default_route(uint32_t router) {
    struct sockaddr_in gateway = {.sin_family = AF_INET, .sin_addr.s_addr = router};
    struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY, .rt_dev = (char[]){"eth0"},
                            .rt_dst.sa_family = AF_INET, .rt_genmask.sa_family = AF_INET};
    memcpy(&route.rt_gateway, &gateway, sizeof gateway);
    return request(SIOCADDRT, &route);
}

static void write_names(uint32_t address, uint32_t dns) {
    char text[INET_ADDRSTRLEN];
    const char *name = config_word(&config, K_HOSTNAME, NULL);
    const struct list *hosts = &config.list[K_HOST];
    mkdir("/etc", 0755);
    write_file("/etc/hosts", O_TRUNC, "127.0.0.1 localhost\n::1 localhost\n");
    if (name) {
        if (sethostname(name, strlen(name))) note("hostname %s: %s\n", name, strerror(errno));
        inet_ntop(AF_INET, address ? (void *)&address : (uint8_t[]){127, 0, 1, 1}, text, sizeof text);
        write_file("/etc/hosts", O_APPEND, "%s %s\n", text, name);
        write_file("/etc/hostname", O_TRUNC, "%s\n", name);
    }
    for (int i = 0; i < hosts->count; i++)
        write_file("/etc/hosts", O_APPEND, "%s %s\n", hosts->line[i][0], hosts->line[i][1]);
    if (dns) {
        unlink("/etc/resolv.conf");  /* in many trees a link to what is not there */
        write_file("/etc/resolv.conf", O_TRUNC, "nameserver %s\n", inet_ntop(AF_INET, &dns, text, sizeof text));
    }
}

/* Gives eth0 its address and says `net`. MTU before up, for some drivers refuse to change it later. */
void net_done(const struct lease *l, uint32_t mtu, const char *why_not) {
    int error = 0;
    if (l) {
        struct ifreq r = {.ifr_name = "eth0", .ifr_mtu = (int)mtu};
        if (mtu && (error = request(SIOCSIFMTU, &r)) != 0)
            note("MTU %u: %s\n", mtu, strerror(error));  /* the device's own stays: slower, not broken */
        if ((error = set_address(SIOCSIFADDR, l->address)) || (error = set_address(SIOCSIFNETMASK, l->mask))
                || (error = up("eth0")) || (l->router && (error = default_route(l->router)))) why_not = strerror(error);
    }
    write_names(l && !error ? l->address : 0, l && !error ? l->dns : 0);
    char text[INET_ADDRSTRLEN];
    if (why_not) say("net none %s", why_not);
    else if (l) say("net %s", inet_ntop(AF_INET, &l->address, text, sizeof text));
    if (dhcp_fd >= 0) close(dhcp_fd);
    dhcp_fd = -1;
    dhcp_due = INT64_MAX;
    net_settled = true;
}

static bool parse_static(char **word, struct lease *l, uint32_t *mtu) {
    uint32_t bits;
    char *slash = word[0] ? strchr(word[0], '/') : NULL;
    if (!slash || !word[1] || !word[2] || !word[3] || !parse_number(slash + 1, 10, 32, &bits)
            || !parse_number(word[3], 10, 65535, mtu)) return false;
    *slash = 0;
    l->mask = htonl(bits ? ~0u << (32 - bits) : 0);
    return inet_pton(AF_INET, word[0], &l->address) == 1
        && (strcmp(word[1], "-") == 0 || inet_pton(AF_INET, word[1], &l->router) == 1)
        && (strcmp(word[2], "-") == 0 || inet_pton(AF_INET, word[2], &l->dns) == 1);
}

void net_start(int64_t now) {
    char **word = config_last(&config, K_NET);
    const char *kind = word ? word[0] : "none";
    struct lease l = {0};
    uint32_t mtu = 0;
    int error = up("lo");
    if (error) note("lo: %s\n", strerror(error));
    /* The machine is the boundary: its user's ports below 1024 and pings need no privilege. */
    write_file("/proc/sys/net/ipv4/ip_unprivileged_port_start", 0, "0");
    write_file("/proc/sys/net/ipv4/ping_group_range", 0, "0 2147483647");
    if (strcmp(kind, "none") == 0) {
        net_done(NULL, 0, NULL);
    } else if (strcmp(kind, "static") == 0 && parse_static(word + 1, &l, &mtu)) {
        net_done(&l, mtu, NULL);
    } else if (strcmp(kind, "dhcp") == 0) {
        if ((error = up("eth0")) != 0) net_done(NULL, 0, error == ENODEV ? "there is no eth0" : strerror(error));
        else if (!dhcp_start(now)) net_done(NULL, 0, strerror(errno));
    } else {
        fatal(125, "`net` is not none, dhcp, or static ADDRESS/BITS GATEWAY DNS MTU");
    }
}
