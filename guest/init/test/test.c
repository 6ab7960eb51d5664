/* Unit and mutation tests of what init parses, built with the sanitizers from the sources of build/init. */
#include "init.h"
#include <arpa/inet.h>
#include <stdarg.h>

#define CHECK(condition) check((condition), #condition, __LINE__)
static int checks, failures;

/* What main.c and the kernel would give. */
struct config config;
struct user app_user;
int64_t now_ms(void) { return 0; }
void stop_asked(void) { }
void signal_app(int signal) { (void)signal; }
void *must(void *allocated) { return allocated ? allocated : (abort(), NULL); }
void note(const char *format, ...) { (void)format; }
void fatal(int code, const char *format, ...) {
    va_list rest;
    va_start(rest, format);
    vfprintf(stderr, format, rest);
    va_end(rest);
    exit(code);
}

static void check(bool holds, const char *what, int line) {
    checks++;
    if (!holds) failures++, printf("line %d: not true: %s\n", line, what);
}

static uint32_t seed = 1;
static uint32_t next(uint32_t bound) {
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)seed * bound >> 32);
}

/* Exactly `length` bytes on the heap, so that the sanitizer sees one byte too far. */
static void *exact(const void *bytes, size_t length) {
    void *copy = must(malloc(length ? length : 1));
    memcpy(copy, bytes, length);
    return copy;
}

static void mutate(uint8_t *bytes, size_t length) {
    for (uint32_t i = next(8) + 1; i && length; i--) bytes[next((uint32_t)length)] = (uint8_t)next(256);
}

static bool parse(struct config *c, char *copy, const char *name, char *error) {
    return config_parse(c, copy, strlen(copy), name, error);
}

/* Init keeps its configuration for ever; the leak check does not. */
static void config_free(struct config *c) {
    for (int key = 0; key < KEYS; key++) {
        for (int i = 0; i < c->list[key].count; i++) free(c->list[key].line[i]);
        free(c->list[key].line);
    }
    memset(c, 0, sizeof *c);
}

static void test_config(void) {
    struct config c = {0};
    char error[TEXT_MAX] = "";
    char image[] = "# an image\nmodule /a\nmodule /b\n\nenv A 1\nenv B x\\sy\\n\\\\\nenv E \\e\n"
        "arg one\narg two\\twords\n"
        "net static 10.0.0.2/16 - - 1500\nlater 1 2 3\nstop 3\nlisten tcp 80\n";
    char run[] = "env A 2\narg other\nnet none\nhostname h\n";
    CHECK(parse(&c, image, "image", error));
    CHECK(c.list[K_ARG].count == 2 && strcmp(c.list[K_ARG].line[1][0], "two\twords") == 0);
    CHECK(strcmp(c.list[K_ENV].line[1][1], "x y\n\\") == 0 && strcmp(c.list[K_ENV].line[2][1], "") == 0);
    CHECK(parse(&c, run, "run", error));
    CHECK(c.list[K_ARG].count == 1 && strcmp(c.list[K_ARG].line[0][0], "other") == 0);  /* replaced as a whole */
    CHECK(c.list[K_MODULE].count == 2);                                                 /* untouched */
    CHECK(c.list[K_ENV].count == 4);                                                    /* added */
    CHECK(strcmp(config_word(&c, K_NET, "?"), "none") == 0 && strcmp(config_word(&c, K_HOSTNAME, "?"), "h") == 0);
    CHECK(strcmp(config_word(&c, K_WORKDIR, "/"), "/") == 0 && !config_last(&c, K_USER));
    static const char *const bad[] = {"arg\n", "arg a b\n", "env A\n", "arg  a\n", "arg a \n", "arg \\x\n", "arg \\",
        "arg a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char copy[32] = "";
        strcpy(copy, bad[i]);
        CHECK(!parse(&c, copy, "bad", error) && strncmp(error, "bad line 1 has ", 15) == 0);
    }
    config_free(&c);
    uint32_t n;
    CHECK(parse_number("755", 8, 07777, &n) && n == 0755);
    CHECK(!parse_number("", 10, 9, &n) && !parse_number("-1", 10, 9, &n) && !parse_number("10", 10, 9, &n));
    CHECK(!parse_number("8", 8, 9, &n) && !parse_number("99999999999999999999", 10, UINT32_MAX, &n));
    struct user u;
    CHECK(parse_user("5:6,7", &u) && u.uid == 5 && u.groups == 2 && u.group[0] == 6 && u.group[1] == 7);
    CHECK(parse_user("8", &u) && u.uid == 8 && u.groups == 1 && u.group[0] == 8);
    CHECK(!parse_user("root", &u) && !parse_user("1:1,", &u) && !parse_user("", &u) && !parse_user("1:", &u));
    char many[200] = "1:";
    for (int i = 0; i <= GROUPS_MAX; i++) strcat(many, i ? ",9" : "9");
    CHECK(!parse_user(many, &u));
}

static void fuzz_config(void) {
    static const char seedling[] = "module /a\nenv A b\\sc\nenv B \\e\npre x y z\narg q\nuser 1 2,3\nlisten udp 9\n"
        "# c\nstop 1\n";
    char error[TEXT_MAX];
    int good = 0;
    for (int round = 0; round < 30000; round++) {
        size_t length = next(sizeof seedling);
        struct config c = {0};
        char *text = exact(seedling, length);
        if (round & 1) mutate((uint8_t *)text, length);
        good += config_parse(&c, text, length, "f", error);
        config_free(&c);
        free(text);
    }
    CHECK(good > 500 && good < 29000);
}

static void test_frames(void) {
    uint8_t bytes[64];
    struct frame f;
    frame_head(bytes, SIGNAL, 0x1234, 4);
    store32(bytes + 8, 15);
    CHECK(frame_next(bytes, 12, &f) == 12 && f.type == SIGNAL && f.channel == 0x1234 && load32(f.data) == 15);
    for (size_t cut = 1; cut < 12; cut++) CHECK(frame_next(bytes, cut, &f) == 0);
    frame_head(bytes, DATA, 1, FRAME_MAX + 1);
    CHECK(frame_next(bytes, 8, &f) == -1);
    memset(bytes, 0, 5);
    CHECK(frame_next(bytes, 5, &f) == 5 && f.type == PADDING);
    char *word[4];
    struct frame words = {.length = 8, .data = (const uint8_t *)"a\0\0bcd\0\377"};
    CHECK(frame_words(&words, word, 3) == 3 && strcmp(word[2], "bcd") == 0 && !*word[1] && !word[3]);
    CHECK(frame_words(&words, word, 2) == -1);
    words.length = 7;
    CHECK(frame_words(&words, word, 3) == -1);  /* without its mark */
    CHECK(frame_words(&(struct frame){0}, word, 3) == -1);
}

static void fuzz_frames(void) {
    for (int round = 0; round < 30000; round++) {
        uint8_t seedling[80] = {0};
        frame_head(seedling, EXEC, 1, 20);
        seedling[27] = 0xff;
        frame_head(seedling + 28, PING, 2, 30);
        mutate(seedling, round & 3 ? sizeof seedling : 0);
        size_t length = next(sizeof seedling), at = 0;
        uint8_t *bytes = exact(seedling, length);
        struct frame f;
        char *word[5];
        for (ssize_t used; (used = frame_next(bytes + at, length - at, &f)) > 0; at += (size_t)used) {
            if (f.type != PADDING && frame_words(&f, word, 4) > 0) CHECK(strlen(word[0]) < sizeof seedling);
        }
        CHECK(at <= length);
        free(bytes);
    }
}

static void test_listen(void) {
    static const char head[] = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";
    CHECK(listen_line(head, false, 80) == BOUND_NOT);
    CHECK(listen_line("   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000", false, 80) == BOUND);
    CHECK(listen_line("   0: 0100007F:0050 00000000:0000 0A 0", false, 80) == BOUND_LOCAL);
    CHECK(listen_line("   0: 0200BB0A:0050 00000000:0000 0A 0", false, 80) == BOUND);
    CHECK(listen_line("   0: 00000000:0050 00000000:0000 01 0", false, 80) == BOUND_NOT);  /* established */
    CHECK(listen_line("   0: 00000000:0050 00000000:0000 0A 0", false, 81) == BOUND_NOT);
    CHECK(listen_line("  61: 00000000:0035 00000000:0000 07 0", true, 53) == BOUND);
    CHECK(listen_line("  61: 00000000:0035 00000000:0000 07 0", false, 53) == BOUND_NOT);
    CHECK(listen_line("   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A", false, 80)
          == BOUND);
    CHECK(listen_line("   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A", false, 80)
          == BOUND_LOCAL);
    CHECK(listen_line("   0: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A", false, 80)
          == BOUND_LOCAL);
    FILE *table = tmpfile();
    fputs(head, table);
    for (int i = 0; i < 500; i++) {
        fprintf(table, "%4d: %08X:%04X 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1\n", i,
                i == 400 ? 0u : 0x0100007fu, i == 400 ? 443 : i == 499 ? 99 : 80);
    }
    fflush(table);
    CHECK(lseek(fileno(table), 0, SEEK_SET) == 0 && listen_table(fileno(table), false, 443) == BOUND);
    CHECK(lseek(fileno(table), 0, SEEK_SET) == 0 && listen_table(fileno(table), false, 99) == BOUND_LOCAL);
    CHECK(lseek(fileno(table), 0, SEEK_SET) == 0 && listen_table(fileno(table), false, 98) == BOUND_NOT);
    fclose(table);
    for (int round = 0; round < 30000; round++) {
        char line[] = "   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A";
        mutate((uint8_t *)line, sizeof line - 1);
        char *copy = exact(line, sizeof line);
        CHECK(listen_line(copy, false, 80) <= BOUND);
        free(copy);
    }
}

/* An answer of a server, as QEMU's or passt's: the request with the fields of a reply. */
static size_t reply(uint8_t *packet, uint8_t kind) {
    static const uint8_t mac[6] = {2, 77, 0, 0, 0, 2};
    size_t length = dhcp_build(packet, mac, 7, &(struct lease){0}, 0);
    uint8_t options[] = {53, 1, kind, 1, 4, 255, 255, 0, 0, 3, 4, 10, 187, 0, 1, 0, 0, 6, 8, 10, 187, 0, 1, 8, 8, 8, 8,
        54, 4, 10, 187, 0, 1, 255};
    packet[20 + 3] = 68;
    packet[28] = 2;
    memcpy(packet + 28 + 16, (uint8_t[]){10, 187, 0, 2}, 4);
    memcpy(packet + 268, options, sizeof options);
    return length;
}

static void test_dhcp(void) {
    uint8_t packet[DHCP_PACKET], mac[6] = {2, 77, 0, 0, 0, 2};
    struct lease l, ask = {.address = htonl(0x0abb0002), .server = htonl(0x0abb0001)};
    size_t length = dhcp_build(packet, mac, 7, &ask, 3);
    uint32_t sum = 0;
    for (int i = 0; i < 20; i += 2) sum += (uint32_t)(packet[i] << 8 | packet[i + 1]);
    CHECK((sum & 0xffff) + (sum >> 16) == 0xffff);  /* RFC 1071 */
    CHECK((size_t)(packet[2] << 8 | packet[3]) == length && (size_t)(packet[24] << 8 | packet[25]) == length - 20);
    CHECK(memcmp(packet + 268, (uint8_t[]){53, 1, 3, 50, 4, 10, 187, 0, 2, 54, 4, 10, 187, 0, 1}, 15) == 0);
    CHECK(!dhcp_parse(packet, length, mac, 7, &l));  /* a request is no answer */
    length = reply(packet, DHCP_ACK);
    CHECK(dhcp_parse(packet, length, mac, 7, &l) && l.kind == DHCP_ACK);
    CHECK(l.address == htonl(0x0abb0002) && l.mask == htonl(0xffff0000) && l.router == htonl(0x0abb0001));
    CHECK(l.dns == htonl(0x0abb0001) && l.server == htonl(0x0abb0001));
    CHECK(!dhcp_parse(packet, length, mac, 8, &l));
    mac[5]++;
    CHECK(!dhcp_parse(packet, length, mac, 7, &l));
    mac[5]--;
    int good = 0;
    for (int round = 0; round < 60000; round++) {
        length = reply(packet, DHCP_OFFER);
        if (round & 1) mutate(packet + 200, length - 200);
        else mutate(packet, length);
        size_t cut = round & 2 ? length : next((uint32_t)length);
        uint8_t *copy = exact(packet, cut);
        good += dhcp_parse(copy, cut, mac, 7, &l);
        free(copy);
    }
    CHECK(good > 1000);
}

/* The channels without a port: what they answer stays in the queue, and nothing of a hostile host may break them. */
static void fuzz_channels(void) {
    app_user = (struct user){getuid(), 1, {getgid()}};
    channels_drop();
    for (int round = 0; round < 20000; round++) {
        static const uint8_t types[] = {SIGNAL, DATA, END, GET, PUT, CREDIT, RESIZE, PING, ERRDATA, 99};
        static const char requests[4][24] = {
            "/dev/null\0\377", "/proc/self/status\0\377", "640\0/tmp\0\377", "x\0/x/y\0\377"};
        uint8_t payload[64] = {0};
        memcpy(payload, requests[next(4)], 24);
        if (round & 1) mutate(payload, sizeof payload);
        uint32_t length = 0;
        if (next(4)) length = next(sizeof payload);
        else while (length < sizeof payload && payload[length++] != 0xff) { }
        uint8_t *copy = exact(payload, length);
        struct frame f = {types[next(sizeof types)], 0, (uint16_t)next(12), length, copy};
        if (f.type != PUT || length < 2 || payload[length - 1] != 0xff) channels_frame(&f);  /* writes no files here */
        channels_turn(round);
        struct pollfd p[3 * CHANNELS];
        CHECK(channels_poll(p) <= 3 * CHANNELS);
        free(copy);
        if (round % 50 == 0) ports_turn();
    }
    channels_drop();
}

int main(void) {
    test_config();
    fuzz_config();
    test_frames();
    fuzz_frames();
    test_listen();
    test_dhcp();
    ports_open();
    fuzz_channels();
    printf("init: %d checks, %d failed\n", checks, failures);
    return failures != 0;
}
