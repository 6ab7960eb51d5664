/* Readiness: does anything in this guest listen on the ports that the host publishes? */
#include "init.h"

/* Of a table the first MiB is enough: Linux lists listening TCP sockets before all others. */
enum { LISTEN_MAX = 64, FIRST_WAIT_MS = 2, LAST_WAIT_MS = 50, TCP_LISTEN = 10, UDP_OPEN = 7, TABLE_MAX = 1 << 20 };

static struct { const char *kind; enum bound said; uint32_t port; } want[LISTEN_MAX];
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
            || end != colon + 5 || strtoul(word[3], NULL, 16) != (udp ? UDP_OPEN : TCP_LISTEN)) return BOUND_NOT;
    if (digits == 32 && strncmp(address, "0000000000000000FFFF0000", 24) != 0)
        return strncmp(address, "00000000000000000000000001000000", 32) == 0 ? BOUND_LOCAL : BOUND;
    return strncmp(colon - 2, "7F", 2) == 0 ? BOUND_LOCAL : BOUND;  /* IPv4, or IPv4 in IPv6: 127.0.0.0/8 */
}

enum bound listen_table(const char *table, bool udp, uint16_t port) {
    enum bound best = BOUND_NOT;
    for (const char *line = table; line && best != BOUND; line = strchr(line, '\n')) {
        enum bound b = listen_line(line += *line == '\n', udp, port);
        best = b > best ? b : best;
    }
    return best;
}

static enum bound look(const char *kind, const char *version, uint32_t port) {
    char path[NAME_LEN_MAX];
    snprintf(path, sizeof path, "/proc/net/%s%s", kind, version);
    char *table = read_file(path, TABLE_MAX, NULL);
    enum bound b = listen_table(table, kind[0] == 'u', (uint16_t)port);
    free(table);
    return b;
}

void listen_start(void) {
    const struct list *list = &config.list[K_LISTEN];
    for (wanted = 0; wanted < list->count; wanted++) {
        char **word = list->line[wanted];
        if (wanted == LISTEN_MAX || (strcmp(word[0], "udp") != 0 && strcmp(word[0], "tcp") != 0)
                || !parse_number(word[1], 10, 65535, &want[wanted].port))
            fatal(125, "`listen %s %s` is not tcp or udp and a port, or the 65th", word[0], word[1]);
        want[wanted].kind = word[0];
    }
}

bool listen_check(int64_t now) {
    bool all = true;
    for (int i = 0; i < wanted; i++) {
        if (want[i].said == BOUND) continue;
        enum bound b = look(want[i].kind, "", want[i].port), b6 = look(want[i].kind, "6", want[i].port);
        b = b6 > b ? b6 : b;
        all &= b == BOUND;
        if (b > want[i].said)
            say("%s %s %u", b == BOUND ? "listening" : "listening-local", want[i].kind, want[i].port);
        want[i].said = b > want[i].said ? b : want[i].said;
    }
    listen_due = all ? INT64_MAX : now + wait_ms;
    wait_ms = wait_ms * 3 / 2 + 1 > LAST_WAIT_MS ? LAST_WAIT_MS : wait_ms * 3 / 2 + 1;
    return all;
}
