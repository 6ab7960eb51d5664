/* Readiness: does anything in this guest listen on the ports that the host publishes? */
#include "init.h"

enum { LISTEN_MAX = 64, FIRST_WAIT_MS = 2, LAST_WAIT_MS = 50, TCP_LISTEN = 0x0a, UDP_UNCONNECTED = 0x07 };

static struct { bool udp, local_said; enum bound bound; uint16_t port; } want[LISTEN_MAX];
static int wanted;
static int64_t wait_ms = FIRST_WAIT_MS;
int64_t listen_due = INT64_MAX;

/* "  0: 0100007F:1F90 00000000:0000 0A ..."; the address is 8 or 32 hex digits in words of the host's byte order. */
enum bound listen_line(const char *line, bool udp, uint16_t port) {
    const char *word[4];
    for (int i = 0; i < 4; i++, line += strcspn(line, " ")) word[i] = line += strspn(line, " ");
    char *end;
    const char *address = word[1], *colon = strchr(address, ':');
    size_t digits = strspn(address, "0123456789ABCDEF");
    if ((digits != 8 && digits != 32) || colon != address + digits || strtoul(colon + 1, &end, 16) != port
            || end != colon + 5 || strtoul(word[3], NULL, 16) != (udp ? UDP_UNCONNECTED : TCP_LISTEN)) return BOUND_NOT;
    if (digits == 32 && strncmp(address, "0000000000000000FFFF0000", 24) != 0)
        return strncmp(address, "00000000000000000000000001000000", 32) == 0 ? BOUND_LOCAL : BOUND;
    return strncmp(colon - 2, "7F", 2) == 0 ? BOUND_LOCAL : BOUND;  /* IPv4, or IPv4 in IPv6: 127.0.0.0/8 */
}

enum bound listen_table(int fd, bool udp, uint16_t port) {
    char text[4097];
    size_t have = 0;
    enum bound best = BOUND_NOT;
    for (ssize_t got; best != BOUND && (got = read(fd, text + have, sizeof text - 1 - have)) > 0; ) {
        have += (size_t)got;
        text[have] = 0;
        char *line = text;
        for (char *end; (end = strchr(line, '\n')); line = end + 1) {
            *end = 0;
            enum bound b = listen_line(line, udp, port);
            best = b > best ? b : best;
        }
        have -= (size_t)(line - text);
        memmove(text, line, have);
        if (have == sizeof text - 1) have = 0;  /* no line of the kernel is that long */
    }
    return best;
}

static enum bound look(const char *path, bool udp, uint16_t port) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return BOUND_NOT;
    enum bound b = listen_table(fd, udp, port);
    close(fd);
    return b;
}

bool listen_start(const struct config *c, char *error) {
    const struct list *list = &c->list[K_LISTEN];
    for (int i = 0; i < list->count; i++) {
        char **word = list->line[i];
        uint32_t port;
        bool udp = strcmp(word[0], "udp") == 0;
        if ((!udp && strcmp(word[0], "tcp") != 0) || !parse_number(word[1], 10, 65535, &port) || i == LISTEN_MAX) {
            snprintf(error, TEXT_MAX, "`listen %s %s` is not tcp or udp and a port, or the 65th", word[0], word[1]);
            return false;
        }
        want[i].udp = udp;
        want[i].port = (uint16_t)port;
    }
    wanted = list->count;
    return true;
}

bool listen_check(int64_t now) {
    bool all = true;
    for (int i = 0; i < wanted; i++) {
        if (want[i].bound == BOUND) continue;
        enum bound b = look(want[i].udp ? "/proc/net/udp" : "/proc/net/tcp", want[i].udp, want[i].port);
        if (b != BOUND) {
            enum bound b6 = look(want[i].udp ? "/proc/net/udp6" : "/proc/net/tcp6", want[i].udp, want[i].port);
            b = b6 > b ? b6 : b;
        }
        want[i].bound = b;
        if (b == BOUND) {
            say("listening %s %u", want[i].udp ? "udp" : "tcp", want[i].port);
        } else if (b == BOUND_LOCAL && !want[i].local_said) {
            want[i].local_said = true;
            say("listening-local %s %u", want[i].udp ? "udp" : "tcp", want[i].port);
        }
        all = all && b == BOUND;
    }
    listen_due = all ? INT64_MAX : now + wait_ms;
    wait_ms = wait_ms * 3 / 2 + 1 > LAST_WAIT_MS ? LAST_WAIT_MS : wait_ms * 3 / 2 + 1;
    return all;
}
