/* config, frames, listening ports, DHCP: all that init parses. */
#include "test.h"
#include <arpa/inet.h>
#include <sys/mman.h>

static char error[TEXT_MAX];

static bool parse(struct config *c, char *copy, const char *name) {
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

static void config_words(void) {
    struct config c = {0};
    char image[] = "# an image\nmodule /a\nmodule /b\n\nenv A 1\nenv B x\\sy\\n\\\\\nenv E \\e\n"
        "arg one\narg two\\twords\nlater 1 2 3\nstop 3\nlisten tcp 80\n";
    CHECK(parse(&c, image, "image"));
    CHECK(c.list[K_ARG].count == 2 && strcmp(c.list[K_ARG].line[1][0], "two\twords") == 0);
    CHECK(strcmp(c.list[K_ENV].line[1][1], "x y\n\\") == 0 && strcmp(c.list[K_ENV].line[2][1], "") == 0);
    CHECK(c.list[K_MODULE].count == 2 && !c.list[K_MODULE].line[1][1]);
    CHECK(strcmp(config_word(&c, K_WORKDIR, "/"), "/") == 0 && !config_last(&c, K_USER));
    config_free(&c);
}

static void config_two_files(void) {
    struct config c = {0};
    char image[] = "module /a\nmodule /b\nenv A 1\nenv B 2\narg one\narg two\nnet static 10.0.0.2/16 - - 1500\n";
    char run_file[] = "env A 2\narg other\nnet none\nhostname h\nhostname i\n";
    CHECK(parse(&c, image, "image") && parse(&c, run_file, "run"));
    CHECK(c.list[K_ARG].count == 1 && strcmp(c.list[K_ARG].line[0][0], "other") == 0);  /* replaced as a whole */
    CHECK(c.list[K_MODULE].count == 2);                                                 /* untouched */
    CHECK(c.list[K_ENV].count == 3);                                                    /* added */
    CHECK(strcmp(config_word(&c, K_NET, "?"), "none") == 0 && strcmp(config_word(&c, K_HOSTNAME, "?"), "i") == 0);
    config_free(&c);
}

static void config_bad_lines(void) {
    static const char *const bad[] = {"arg\n", "arg a b\n", "env A\n", "arg  a\n", "arg a \n", "arg \\x\n", "arg \\",
        "arg a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct config c = {0};
        char copy[32] = "";
        strcpy(copy, bad[i]);
        CHECK(!parse(&c, copy, "bad") && strncmp(error, "bad line 1 has ", 15) == 0);
        config_free(&c);
    }
    struct config c = {0};
    char nul[] = "arg a\n\0rg b\n";
    CHECK(!config_parse(&c, nul, sizeof nul - 1, "nul", error));
    config_free(&c);
}

static void config_limits(void) {
    struct config c = {0};
    char many[3000] = "pre";
    for (int i = 0; i < 255; i++) strcat(many, " w");
    char *words = exact(many, strlen(many) + 8);
    CHECK(parse(&c, strcat(words, "\n"), "f"));
    strcpy(words, many);
    CHECK(!parse(&c, strcat(words, " w\n"), "f") && strstr(error, "256 words"));
    free(words);
    config_free(&c);
    char *lines = must(malloc(4097 * 6 + 1));
    for (int i = 0; i < 4097; i++) strcpy(lines + i * 6, "arg a\n");
    CHECK(!parse(&c, lines, "f") && strcmp(error, "f line 4097 has more than 4096 lines of one key") == 0);
    free(lines);
    config_free(&c);
}

static void numbers(void) {
    uint32_t n;
    CHECK(parse_number("755", 8, 07777, &n) && n == 0755);
    CHECK(parse_number("4294967295", 10, UINT32_MAX, &n) && n == UINT32_MAX);
    CHECK(!parse_number("", 10, 9, &n) && !parse_number("-1", 10, 9, &n) && !parse_number("10", 10, 9, &n));
    CHECK(!parse_number("8", 8, 9, &n) && !parse_number("99999999999999999999", 10, UINT32_MAX, &n));
}

static void users(void) {
    struct user u;
    CHECK(parse_user("5:6,7", &u) && u.uid == 5 && u.groups == 2 && u.group[0] == 6 && u.group[1] == 7);
    CHECK(parse_user("8", &u) && u.uid == 8 && u.groups == 1 && u.group[0] == 8);
    CHECK(!parse_user("root", &u) && !parse_user("1:1,", &u) && !parse_user("", &u) && !parse_user("1:", &u));
    char many[200] = "1:";
    for (int i = 0; i <= GROUPS_MAX; i++) strcat(many, i ? ",9" : "9");
    CHECK(!parse_user(many, &u));
}

static void users_mutated(void) {
    for (int round = 0; round < 20000; round++) {
        char text[] = "4294967294:1,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29";
        struct user u = {0};
        mutate((uint8_t *)text, sizeof text - 1);
        char *copy = exact(text, sizeof text);
        CHECK(!parse_user(copy, &u) || u.groups <= GROUPS_MAX);
        free(copy);
    }
}

static void config_mutated(void) {
    static const char seedling[] = "module /a\nenv A b\\sc\nenv B \\e\npre x y z\narg q\nuser 1 2,3\nlisten udp 9\n"
        "# c\nstop 1\n";
    int good = 0;
    for (int round = 0; round < 30000; round++) {
        size_t length = next(sizeof seedling - 1);
        struct config c = {0};
        char *text = exact(seedling, length + 1);
        text[length] = 0;
        if (round & 1) mutate((uint8_t *)text, length);
        good += config_parse(&c, text, length, "f", error);
        config_free(&c);
        free(text);
    }
    CHECK(good > 500 && good < 29000);
}

static void frames(void) {
    uint8_t bytes[64];
    struct frame f;
    frame_head(bytes, SIGNAL, 0x1234, 4);
    store32(bytes + 8, 15);
    CHECK(frame_next(bytes, 12, &f) == 12 && f.type == SIGNAL && f.channel == 0x1234 && load32(f.data) == 15);
    for (size_t cut = 1; cut < 12; cut++) CHECK(frame_next(bytes, cut, &f) == 0);
    frame_head(bytes, DATA, 1, FRAME_MAX + 1);
    CHECK(frame_next(bytes, 8, &f) == -1);
}

static void frames_padding(void) {
    uint8_t bytes[16] = {0};
    struct frame f;
    CHECK(frame_next(bytes, 0, &f) == 0);
    CHECK(frame_next(bytes, 5, &f) == 1 && f.type == PADDING);
    bytes[1] = HELLO;
    CHECK(frame_next(bytes, 16, &f) == 1 && f.type == PADDING);
    CHECK(frame_next(bytes + 1, 15, &f) == FRAME_HEAD && f.type == HELLO);
}

static void words(void) {
    char *word[4];
    struct frame request = {.length = 8, .data = (const uint8_t *)"a\0\0bcd\0\377"};
    CHECK(frame_words(&request, word, 3) == 3 && strcmp(word[2], "bcd") == 0 && !*word[1] && !word[3]);
    CHECK(frame_words(&request, word, 2) == -1);
    request.length = 7;
    CHECK(frame_words(&request, word, 3) == -1);  /* without its mark */
    CHECK(frame_words(&(struct frame){0}, word, 3) == -1);
}

static void frames_mutated(void) {
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

static void words_mutated(void) {
    for (int round = 0; round < 20000; round++) {
        uint8_t text[24] = "0:0\0/tmp\0cat\0-\0\0\0x\0y\0\0\377";
        mutate(text, round & 1 ? sizeof text - 1 : sizeof text);
        uint8_t *copy = exact(text, sizeof text);
        struct frame f = {.length = sizeof text, .data = copy};
        char *word[9];
        int count = frame_words(&f, word, 8);
        CHECK(count <= 8 && (count < 0 || !word[count]));
        for (int i = 0; i < count; i++) CHECK(strlen(word[i]) < sizeof text);
        free(copy);
    }
}

static const char HEAD[] = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";
static const char V6[] = "   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A";

static void listening_tcp(void) {
    CHECK(listen_line(HEAD, false, 80) == BOUND_NOT);
    CHECK(listen_line("   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000", false, 80) == BOUND);
    CHECK(listen_line("   0: 0100007F:0050 00000000:0000 0A 0", false, 80) == BOUND_LOCAL);
    CHECK(listen_line("   0: 0200BB0A:0050 00000000:0000 0A 0", false, 80) == BOUND);
    CHECK(listen_line("   0: 00000000:0050 00000000:0000 01 0", false, 80) == BOUND_NOT);  /* established */
    CHECK(listen_line("   0: 00000000:0050 00000000:0000 0A 0", false, 81) == BOUND_NOT);
}

static void listening_udp(void) {
    CHECK(listen_line("  61: 00000000:0035 00000000:0000 07 0", true, 53) == BOUND);
    CHECK(listen_line("  61: 00000000:0035 00000000:0000 07 0", false, 53) == BOUND_NOT);
}

static void listening_v6(void) {
    char line[] = "   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A";
    CHECK(listen_line(line, false, 80) == BOUND);
    CHECK(listen_line(V6, false, 80) == BOUND_LOCAL);
    memcpy(line + 6, "0000000000000000FFFF00000100007F", 32);
    CHECK(listen_line(line, false, 80) == BOUND_LOCAL);
}

static void listening_table(void) {
    char *table = must(malloc(500 * 100 + sizeof HEAD)), *at = table + sprintf(table, "%s", HEAD);
    for (int i = 0; i < 500; i++) {
        at += sprintf(at, "%4d: %08X:%04X 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1\n", i,
                      i == 400 ? 0u : 0x0100007fu, i == 400 ? 443 : i == 499 ? 99 : 80);
    }
    CHECK(listen_table(table, false, 443) == BOUND);
    CHECK(listen_table(table, false, 99) == BOUND_LOCAL);
    CHECK(listen_table(table, false, 98) == BOUND_NOT);
    CHECK(listen_table("", false, 98) == BOUND_NOT);
    free(table);
}

static void listening_mutated(void) {
    for (int round = 0; round < 30000; round++) {
        char line[sizeof V6];
        memcpy(line, V6, sizeof V6);
        mutate((uint8_t *)line, sizeof line - 1);
        char *copy = exact(line, sizeof line);
        CHECK(listen_line(copy, false, 80) <= BOUND && listen_table(copy, false, 80) <= BOUND);
        free(copy);
    }
}

static const uint8_t MAC[6] = {2, 77, 0, 0, 0, 2};

/* An answer of a server, as QEMU's or passt's: the request with the fields of a reply. */
static size_t reply(uint8_t *packet, uint8_t kind) {
    size_t length = dhcp_build(packet, MAC, 7, &(struct lease){0});
    uint8_t options[] = {53, 1, kind, 1, 4, 255, 255, 0, 0, 3, 4, 10, 187, 0, 1, 0, 0, 6, 8, 10, 187, 0, 1, 8, 8, 8, 8,
        54, 4, 10, 187, 0, 1, 255};
    packet[20 + 3] = 68;
    packet[28] = 2;
    memcpy(packet + 28 + 16, (uint8_t[]){10, 187, 0, 2}, 4);
    memcpy(packet + 268, options, sizeof options);
    return length;
}

/* The value of an option of a packet of ours, or NULL. */
static const uint8_t *option(const uint8_t *packet, size_t length, uint8_t wanted) {
    for (size_t at = 268; at < length && packet[at] != 255; at += 2u + packet[at + 1])
        if (packet[at] == wanted) return packet + at + 2;
    return NULL;
}

static void dhcp_headers(void) {
    uint8_t packet[DHCP_PACKET];
    size_t length = dhcp_build(packet, MAC, 7, &(struct lease){0});
    uint32_t sum = 0;
    for (int i = 0; i < 20; i += 2) sum += (uint32_t)(packet[i] << 8 | packet[i + 1]);
    CHECK((sum & 0xffff) + (sum >> 16) == 0xffff);  /* RFC 1071 */
    CHECK((size_t)(packet[2] << 8 | packet[3]) == length && (size_t)(packet[24] << 8 | packet[25]) == length - 20);
    CHECK(length >= 328 && memcmp(packet + 28 + 28, MAC, 6) == 0 && load32(packet + 32) == 7);
}

static void dhcp_asks(void) {
    uint8_t packet[DHCP_PACKET];
    struct lease l, ask = {.address = htonl(0x0abb0002), .server = htonl(0x0abb0001)};
    size_t length = dhcp_build(packet, MAC, 7, &(struct lease){0});
    CHECK(*option(packet, length, 53) == 1 && !option(packet, length, 50));
    length = dhcp_build(packet, MAC, 7, &ask);
    CHECK(*option(packet, length, 53) == 3 && memcmp(option(packet, length, 50), &ask.address, 4) == 0);
    CHECK(memcmp(option(packet, length, 54), &ask.server, 4) == 0 && option(packet, length, 55));
    CHECK(!dhcp_parse(packet, length, MAC, 7, &l));  /* a request is no answer */
}

static void dhcp_answers(void) {
    uint8_t packet[DHCP_PACKET];
    struct lease l;
    size_t length = reply(packet, DHCP_ACK);
    CHECK(dhcp_parse(packet, length, MAC, 7, &l) && l.kind == DHCP_ACK);
    CHECK(l.address == htonl(0x0abb0002) && l.mask == htonl(0xffff0000) && l.router == htonl(0x0abb0001));
    CHECK(l.dns == htonl(0x0abb0001) && l.server == htonl(0x0abb0001));
}

static void dhcp_not_ours(void) {
    uint8_t packet[DHCP_PACKET];
    struct lease l;
    size_t length = reply(packet, DHCP_ACK);
    CHECK(!dhcp_parse(packet, length, MAC, 8, &l));
    CHECK(!dhcp_parse(packet, length, (const uint8_t[6]){2, 77, 0, 0, 0, 3}, 7, &l));
    packet[6] = 0x20;  /* a fragment */
    CHECK(!dhcp_parse(packet, length, MAC, 7, &l));
}

static void dhcp_mutated(void) {
    uint8_t packet[DHCP_PACKET];
    struct lease l;
    int good = 0;
    for (int round = 0; round < 60000; round++) {
        size_t length = reply(packet, DHCP_OFFER);
        if (round & 1) mutate(packet + 200, length - 200);
        else mutate(packet, length);
        size_t cut = round & 2 ? length : next((uint32_t)length);
        uint8_t *copy = exact(packet, cut);
        good += dhcp_parse(copy, cut, MAC, 7, &l);
        free(copy);
    }
    CHECK(good > 1000);
}

static void files(void) {
    char path[64];
    size_t length = 7;
    CHECK(!read_file("/nowhere", 10, &length) && errno == ENOENT);
    int memory = memfd_create("file", 0);  /* nothing is left of it after an abort */
    snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
    write_file(path, O_TRUNC, "%d%s", 12, "34");
    write_file(path, O_APPEND, "5");
    CHECK(!read_file(path, 4, &length) && errno == EFBIG);
    char *text = read_file(path, 5, &length);
    CHECK(text && length == 5 && strcmp(text, "12345") == 0);
    free(text);
    text = read_file("/proc/self/stat", 4096, NULL);  /* proc gives no size */
    CHECK(text && atoi(text) == getpid());
    free(text);
    close(memory);
}

void test_parsers(void) {
    run("files: missing, too long, whole, of proc", files);
    run("config: words, escapes, comments, keys of later versions", config_words);
    run("config: the second file replaces lists and adds to env and folder", config_two_files);
    run("config: a bad line is named", config_bad_lines);
    run("config: 256 words, 4096 lines", config_limits);
    run("config: mutated, no sanitizer report", config_mutated);
    run("numbers: base, bound, overflow", numbers);
    run("users: uid and groups", users);
    run("users: mutated, no sanitizer report", users_mutated);
    run("frames: whole, cut, too long", frames);
    run("frames: padding is skipped", frames_padding);
    run("frames: mutated, no sanitizer report", frames_mutated);
    run("words: counted, bounded, marked", words);
    run("words: mutated, no sanitizer report", words_mutated);
    run("listen: tcp states, ports, loopback", listening_tcp);
    run("listen: udp", listening_udp);
    run("listen: IPv6 and IPv4 in IPv6", listening_v6);
    run("listen: a long table", listening_table);
    run("listen: mutated, no sanitizer report", listening_mutated);
    run("dhcp: IP and UDP headers and checksum", dhcp_headers);
    run("dhcp: discover and request", dhcp_asks);
    run("dhcp: an answer's lease", dhcp_answers);
    run("dhcp: answers to others are none", dhcp_not_ours);
    run("dhcp: mutated, no sanitizer report", dhcp_mutated);
}
