/* mike.control as a host sees it, over a port that does what a real one does; and what hostile frames may do. */
#include "fake_port.h"

static const uint8_t padding[FRAME_HEAD + FRAME_MAX];
static struct frame f;

static void turn(void) {
    ports_turn();
    channels_turn(now_ms());
    ports_turn();
}

static void greet(const char *nonce) {
    host_comes();
    host_says(padding, sizeof padding);
    host_frame(HELLO, 0, nonce, NONCE);
}

static void begin(void) {
    port_fresh();
    greet("nonce--1");
    all_arrives();
    turn();
    CHECK(host_heard("nonce--1", WELCOME, &f));
}

static void welcome(void) {
    say("hello %d", 7);
    begin();
    CHECK(f.length > NONCE && memmem(f.data, f.length, "hello 7\n", 8));
    say("later");
    turn();
    CHECK(host_heard("nonce--1", STATUS, &f) && f.length == 6 && memcmp(f.data, "later\n", 6) == 0);
}

static void ping(void) {
    begin();
    host_frame(PING, 3, "abc", 3);
    all_arrives();
    turn();
    CHECK(host_heard("nonce--1", PONG, &f) && f.channel == 3 && f.length == 3 && memcmp(f.data, "abc", 3) == 0);
}

static void get(void) {
    begin();
    host_frame(GET, 5, "/proc/self/status\0\377", 19);
    host_frame(GET, 6, "/proc\0\377", 7);
    host_frame(GET, 7, "relative\0\377", 10);
    all_arrives();
    for (int i = 0; i < 4; i++) turn();
    CHECK(host_heard("nonce--1", DATA, &f) && f.channel == 5 && memcmp(f.data, "Name:", 5) == 0);
    CHECK(host_heard("nonce--1", EXITED, &f) && f.channel == 5 && load32(f.data) == 0);
    CHECK(host_heard("nonce--1", ERROR, &f) && f.channel == 6 && memmem(f.data, f.length, "not a regular", 13));
}

/* A file put in two steps: `begin_put` asks and sends one byte, `end_put` the other. */
static char file[64];

static void begin_put(void) {
    char request[80] = "640";
    int length = 4 + sprintf(request + 4, "%s", file) + 1;
    request[length++] = '\377';
    host_frame(PUT, 9, request, (size_t)length);
    host_frame(DATA, 9, "a", 1);
}

static void end_put(void) {
    host_frame(DATA, 9, "b", 1);
    host_frame(END, 9, "", 0);
}

static bool file_is(const char *wanted) {
    size_t length = 0;
    char *text = read_file(file, 4096, &length);
    bool same = text ? wanted && strcmp(text, wanted) == 0 : !wanted;
    free(text);
    return same;
}

static void put(void) {
    begin();
    begin_put();
    all_arrives();
    turn();
    CHECK(file_is(NULL));  /* whole or not at all */
    end_put();
    all_arrives();
    turn();
    CHECK(host_heard("nonce--1", EXITED, &f) && f.channel == 9 && file_is("ab"));
    unlink(file);
}

static void beyond_credit(void) {
    static uint8_t much[FRAME_MAX];
    begin();
    host_frame(PUT, 9, "640\0/dev/full/x\0\377", 17);
    all_arrives();
    turn();
    CHECK(host_heard("nonce--1", ERROR, &f) && f.channel == 9);
    begin();
    begin_put();
    host_frame(CREDIT, 9, "\1\0\0\0\0\0\0\0", 8);
    host_frame(DATA, 9, much, 5);  /* the channel is closed: ignored */
    all_arrives();
    turn();
    CHECK(host_heard("nonce--1", ERROR, &f) && memmem(f.data, f.length, "never sent", 10) && file_is(NULL));
}

static void garbled(void) {
    begin();
    host_says("\7\0\0\0\377\377\377\377", 8);
    all_arrives();
    turn();
    CHECK(host_heard("nonce--1", ERROR, &f));
    host_leaves();
    greet("nonce--2");
    all_arrives();
    turn();
    CHECK(host_heard("nonce--2", WELCOME, &f));
}

static void half_a_frame(void) {
    begin();
    uint8_t head[FRAME_HEAD];
    frame_head(head, PUT, 9, 60000);
    host_says(head, sizeof head);
    host_says(padding, 100);
    all_arrives();
    turn();
    host_leaves();
    greet("nonce--2");
    all_arrives();
    turn();
    CHECK(host_heard("nonce--2", WELCOME, &f));
}

/* The bytes of a new host overtake the news of its arrival. */
static void early_hello(void) {
    begin();
    host_leaves();
    all_arrives();
    turn();
    greet("nonce--2");
    bytes_arrive(PORT_SAID);
    turn();
    turn();
    news_arrives();
    turn();
    CHECK(host_heard("nonce--2", WELCOME, &f));
}

static void news_before_the_answer(void) {
    if (port.inbox_at == port.inbox_length && port.inbox_length) news_arrives();
}

/* HELLO is read while the old host still seems there; before it is answered the news of that one's end arrives. */
static void late_goodbye(void) {
    begin();
    host_leaves();
    greet("nonce--2");
    bytes_arrive(PORT_SAID);
    port.inbox_length -= 1;  /* the last byte of HELLO comes by itself */
    turn();
    port.inbox_length += 1;
    port.woken = true;
    port.news_count--;       /* the news of the new host comes last of all */
    port.between = news_before_the_answer;
    turn();
    turn();
    port.between = NULL;
    port.news_count++;
    news_arrives();
    turn();
    CHECK(host_heard("nonce--2", WELCOME, &f));
}

/* HELLO arrives in two halves while the kernel still says that nobody is there. */
static void halved_hello(void) {
    begin();
    host_leaves();
    all_arrives();
    turn();
    greet("nonce--2");
    bytes_arrive(sizeof padding + FRAME_HEAD + 3);
    turn();
    all_arrives();
    turn();
    CHECK(host_heard("nonce--2", WELCOME, &f));
}

/* What the new host began lives on when the news of the old one's end arrive at last. */
static void late_goodbye_spares_the_new(void) {
    begin();
    host_leaves();
    greet("nonce--2");
    begin_put();
    bytes_arrive(PORT_SAID);
    turn();
    CHECK(host_heard("nonce--2", WELCOME, &f));
    news_arrives();
    turn();
    news_arrives();
    turn();
    end_put();
    all_arrives();
    turn();
    CHECK(host_heard("nonce--2", EXITED, &f) && file_is("ab"));
    unlink(file);
}

static bool something_beside(void) {
    char beside[80];
    sprintf(beside, "%s.mike-9", file);
    return access(beside, F_OK) == 0;
}

static void gone(void) {
    begin();
    begin_put();
    all_arrives();
    turn();
    CHECK(something_beside());
    host_leaves();
    all_arrives();
    turn();
    test_now += 60000;
    turn();
    CHECK(!something_beside());
}

static void now_and_then(void) {
    if (next(4) == 0) news_arrives();
    if (next(4) == 0) bytes_arrive(next(3) ? PORT_SAID : next(40));
    if (next(8) == 0) {
        port.write_most = next(3) ? 32768 : next(20);
        port.woken = true;
    }
}

/* Hosts that come, speak, and go in any order of news and bytes that a kernel can show. */
static void any_order(void) {
    for (int round = 0; round < 3000; round++) {
        char nonce[] = "nonce--?";
        begin();
        port.between = now_and_then;
        int hosts = 2 + (int)next(4);
        for (int host = 2; host <= hosts; host++) {
            nonce[7] = (char)('0' + host);
            if (next(3) == 0) host_says(padding + 1, next(20));
            host_leaves();
            greet(nonce);
            for (uint32_t i = next(4); i; i--) turn();
        }
        host_frame(PING, 0, "", 0);
        for (int i = 0; i < 20; i++) turn();
        port.between = NULL;
        port.write_most = 32768;
        all_arrives();
        for (int i = 0; i < 8; i++) {
            port.woken = true;
            turn();
        }
        CHECK(host_heard(nonce, WELCOME, &f) && host_heard(nonce, PONG, &f));
    }
}

/* What is answered stays in the queue or is heard by nobody; nothing of a hostile host may break anything. */
static void hostile(void) {
    port_fresh();
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
        struct frame hostile_frame = {types[next(sizeof types)], 0, (uint16_t)next(12), length, copy};
        if (hostile_frame.type != PUT || length < 2 || payload[length - 1] != 0xff)
            channels_frame(&hostile_frame);  /* writes no files here */
        channels_turn(round);
        struct pollfd p[3 * CHANNELS];
        int64_t due = INT64_MAX;
        CHECK(channels_poll(p, &due) <= 3 * CHANNELS);
        free(copy);
        if (round % 50 == 0) ports_turn();
    }
    channels_drop();
}

/* The same, through the port and the codec. */
static void hostile_bytes(void) {
    for (int round = 0; round < 300; round++) {
        begin();
        uint8_t bytes[400];
        for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)next(next(2) ? 256 : 20);
        for (size_t at = 0; at + 40 < sizeof bytes; at += 8 + next(30))
            frame_head(bytes + at, (enum type)next(19), (uint16_t)next(3), next(4) ? next(40) : next(70000));
        for (size_t at = 0; at < sizeof bytes; at++)
            if (bytes[at] == PUT || bytes[at] == EXEC) bytes[at] = GET;  /* starts nothing here */
        host_says(bytes, sizeof bytes);
        all_arrives();
        turn();
        host_leaves();
        greet("nonce--2");
        all_arrives();
        for (int i = 0; i < 4; i++) turn();
        CHECK(host_heard("nonce--2", WELCOME, &f));
    }
}

void test_channels(void) {
    app_user = (struct user){getuid(), 1, {getgid()}};
    sprintf(file, "/tmp/init-test-%d", getpid());
    port_begin();
    ports_open();
    run("control: WELCOME holds the status lines, STATUS the later ones", welcome);
    run("control: PING is answered", ping);
    run("control: GET", get);
    run("control: PUT appears whole", put);
    run("control: credit that was never owed closes the channel", beyond_credit);
    run("control: a garbled stream is set right by the next host", garbled);
    run("control: half a frame is finished by the next host's padding", half_a_frame);
    run("control: a HELLO that overtakes the news of its host is answered", early_hello);
    run("control: a HELLO that overtakes the news of the old host's end is answered", late_goodbye);
    run("control: a HELLO in two halves that overtakes the news of its host is answered", halved_hello);
    run("control: late news of the old host's end spare what the new one began", late_goodbye_spares_the_new);
    run("control: what a host that is gone for long began is dropped", gone);
    run("control: the newest HELLO is answered in any order of news and bytes", any_order);
    run("control: hostile frames, no sanitizer report", hostile);
    run("control: hostile bytes, no sanitizer report", hostile_bytes);
    port_end();
}
