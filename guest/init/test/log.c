/* /dev/log: what becomes of a message, and that neither a flood nor a full console holds up a turn. */
#include "fake_port.h"

static void becomes(const char *message, size_t length, const char *line) {
    char *copy = exact(message, length + 1);  /* log_line needs room for the newline */
    size_t made = log_line(copy, length);
    CHECK(made == strlen(line) && memcmp(copy, line, made) == 0);
    free(copy);
}

static void lines(void) {
#define BECOMES(message, line) becomes(message, sizeof message - 1, line)
    BECOMES("<27>Nov  2 18:07:17 nsca[12]: Could not open a file", "nsca[12]: Could not open a file\n");
    BECOMES("<191>nsca: no time\n", "nsca: no time\n");
    BECOMES("miredo: neither\r\n\0", "miredo: neither\n");
    BECOMES("<3>a\nb\tc\033[2Jd\177e\0f", "a b c [2Jd e f\n");
    BECOMES("<3>gr\303\274\303\237e", "gr\303\274\303\237e\n");
    BECOMES("<3>Nov  2 18:07:17 ", "Nov  2 18:07:17\n");
    BECOMES("<1234>x", "<1234>x\n");
    BECOMES("<3>", "");
    BECOMES("<", "<\n");
    BECOMES("\n", "");
    BECOMES("", "");
}

static void lines_mutated(void) {
    const char sample[] = "<27>Nov  2 18:07:17 nsca[12]: Could not\n";
    for (int round = 0; round < 20000; round++) {
        char text[sizeof sample];
        memcpy(text, sample, sizeof sample);
        mutate((uint8_t *)text, sizeof text);
        size_t length = next(sizeof text);
        char *copy = exact(text, length + 1);
        size_t made = log_line(copy, length);
        CHECK(made <= length + 1 && (made == 0 || copy[made - 1] == '\n'));
        for (size_t i = 0; i + 1 < made; i++) CHECK((unsigned char)copy[i] >= ' ' && copy[i] != 127);
        free(copy);
    }
}

static void turns(void) {
    int log[2], console[2], sent = 0;
    char said[65536], message[2000], *at = said;
    memset(message, 'x', sizeof message);
    CHECK(!socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, log) && !pipe2(console, O_NONBLOCK));
    log_fd = log[0];
    console_fd = console[1];
    send(log[1], "", 0, 0);  /* an empty message is no end */
    send(log[1], message, sizeof message, 0);
    while (sent < 40 && send(log[1], "<3>m", 4, 0) == 4) sent++;
    CHECK(log_turn());
    ssize_t n = read(console[0], said, sizeof said);
    CHECK(n > 1025 && n <= 1025 + 2 * 14);  /* a long message is cut, and a turn takes sixteen at most */
    for (int i = 0; i < 5; i++) log_turn();
    ssize_t more = read(console[0], said + n, sizeof said - (size_t)n);
    n += more > 0 ? more : 0;
    CHECK(n == 1025 + 2 * sent && said[1024] == '\n');
    for (at = said + 1025; at < said + n; at += 2) CHECK(memcmp(at, "m\n", 2) == 0);
    while (write(console[1], message, sizeof message) > 0) { }
    send(log[1], "lost", 4, 0);
    log_turn();              /* the console takes nothing: no wait */
    close(log[0]);
    log_fd = console_fd = -1;
    log_turn();              /* no /dev/log */
    close(log[1]);
    close(console[0]);
    close(console[1]);
}

/* A console that takes a part of a line, then goes on: the next message must not stand behind the rest of the last. */
static void cut(void) {
    static const char expected[] = "abc\nghi\njkl\nmn\nop\n";
    static const struct { size_t most; const char *message; } steps[] = {
        {3, "<3>abcdef"}, {99, "<3>ghi"}, {3, "<3>jkl"}, {1, "<3>lost"}, {99, "<3>mn"}, {0, "<3>lost"}, {99, "<3>op"}};
    int log[2];
    CHECK(!socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, log));
    log_fd = log[0];
    console_fd = open("/dev/vport7p1", O_RDWR);  /* the fake port: it takes as many bytes as it is told to */
    port_fresh();
    port.connected = port.present = true;
    port.hosts = 1;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        port.write_most = steps[i].most;
        send(log[1], steps[i].message, strlen(steps[i].message), 0);
        CHECK(!log_turn());
    }
    CHECK(port.heard_length[0] == sizeof expected - 1 && !memcmp(port.heard[0], expected, sizeof expected - 1));
    close(log[0]);
    close(log[1]);
    log_fd = console_fd = -1;
}

void test_log(void) {
    run("log: a message becomes a line", lines);
    run("log: mutated, no sanitizer report", lines_mutated);
    run("log: floods, long messages, a full console", turns);
    run("log: a console that takes a part of a line", cut);
}
