/* virtio-serial: finding ports by name, and writing to a host that may be absent without ever waiting for it. */
#include "init.h"
#include <dirent.h>
#include <stdarg.h>
#include <sys/epoll.h>

/* Bulk data stops at BULK, frames are taken only below TAKE: an answer (≤ FRAME_MAX) and what all channels may still
 * have to say (ends, errors, credits, status) always fit behind. */
enum { SAID_MAX = 4096, SAID_LAST = 1200, BULK = 65536, TAKE = 131072, QUEUE = 262144, IN_MAX = 2 * FRAME_MAX };
enum { GONE_MS = 1000 };  /* a host away for so long has ended, and what it began ends with it */
enum { KOBJECT_UEVENT = 15 };  /* linux/netlink.h, which musl does not have */

int ports_fd = -1, uevent_fd = -1;
int64_t ports_due = INT64_MAX;
static int status_fd = -1, control_fd = -1;
static char said[SAID_MAX];
static size_t said_length, said_sent;
static uint8_t queue[QUEUE], in[IN_MAX];
static size_t queued, in_length;
static bool readable, welcomed, control_gone = true, heard;  /* heard: something of the host's, in this turn */

/* The entry of a folder under /sys whose file says what is wanted. */
static bool find_named(const char *class, const char *file, const char *wanted, char name[TEXT_MAX]) {
    DIR *entries = opendir(class);
    bool found = false;
    for (struct dirent *e; entries && !found && (e = readdir(entries)); ) {
        snprintf(name, TEXT_MAX, "%s/%s/%s", class, e->d_name, file);
        char *text = e->d_name[0] == '.' ? NULL : read_file(name, 4096, NULL);
        found = text && strcmp(text, wanted) == 0;
        snprintf(name, TEXT_MAX, "%s", e->d_name);
        free(text);
    }
    if (entries) closedir(entries);
    return found;
}

/* VIRTIO 1.3, 5.3.1: device ID 3. Devices of a bus are there when the module of the bus has been loaded. */
bool ports_possible(void) {
    char name[TEXT_MAX];
    return find_named("/sys/bus/virtio/devices", "device", "0x0003\n", name);
}

int open_named(const char *class, const char *file, const char *wanted, const char *devices) {
    char name[TEXT_MAX], path[2 * TEXT_MAX];
    if (!find_named(class, file, wanted, name)) return -1;
    snprintf(path, sizeof path, "%s/%s", devices, name);
    return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static int open_port(const char *name) {
    int fd = open_named("/sys/class/virtio-ports", "name", name, "/dev");
    /* Edge-triggered: a port without a host says HUP for ever, and we want to hear only of changes. */
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};
    if (fd < 0 || !epoll_ctl(ports_fd, EPOLL_CTL_ADD, fd, &e)) return fd;
    close(fd);  /* unwatched, nobody would hear it: the next uevent tries again */
    return -1;
}

void ports_open(void) {
    uint32_t all[3] = {AF_NETLINK, 0, 1};  /* struct sockaddr_nl: u16 family, u16 0, u32 pid, u32 groups */
    ports_fd = epoll_create1(EPOLL_CLOEXEC);
    uevent_fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, KOBJECT_UEVENT);
    if (bind(uevent_fd, (void *)all, sizeof all)) note("uevents: %s\n", strerror(errno));
}

/* EAGAIN: the host is away or slow; the next change of the port brings us back. */
static void write_status(void) {
    for (ssize_t n = 1; status_fd >= 0 && said_sent < said_length && n > 0; said_sent += n > 0 ? (size_t)n : 0)
        n = write(status_fd, said + said_sent, said_length - said_sent);
}

static void write_control(void) {
    for (ssize_t n; control_fd >= 0 && queued && (n = write(control_fd, queue, queued)) > 0; queued -= (size_t)n)
        memmove(queue, queue + n, queued - (size_t)n);
}

void say(const char *format, ...) {
    char line[TEXT_MAX + 32];
    va_list rest;
    va_start(rest, format);
    vsnprintf(line, sizeof line - 1, format, rest);
    va_end(rest);
    for (char *c = line; *c; c++) *c = *c == '\n' || *c == '\r' ? ' ' : *c;
    bool last = strncmp(line, "failed", 6) == 0 || strncmp(line, "exit", 4) == 0;
    size_t length = strlen(line);
    line[length++] = '\n';
    if (last) note("%.*s", (int)length, line);  /* kernel.log shows it where no port does */
    if (said_length + length > SAID_MAX - (last ? 0 : SAID_LAST)) return;  /* room is kept for what matters most */
    memcpy(said + said_length, line, length);
    said_length += length;
    write_status();
    if (welcomed) control_send(STATUS, 0, line, (uint32_t)length);
}

bool control_room(void) { return queued < BULK; }

void control_send(enum type type, uint16_t channel, const void *data, uint32_t length) {
    if (queued + FRAME_HEAD + length > QUEUE) return;  /* cannot be, see the bounds above */
    frame_head(queue + queued, type, channel, length);
    if (length) memcpy(queue + queued + FRAME_HEAD, data, length);
    queued += FRAME_HEAD + length;
}

static void hello(const struct frame *f) {
    uint8_t answer[NONCE + SAID_MAX];
    if (f->length != NONCE) { control_send(ERROR, 0, "HELLO holds 8 bytes", 19); return; }
    channels_drop();
    queued = 0;  /* meant for the host side that was before */
    memcpy(answer, f->data, NONCE);
    memcpy(answer + NONCE, said, said_length);
    control_send(WELCOME, 0, answer, (uint32_t)(NONCE + said_length));
    welcomed = true;
    ports_due = control_gone ? now_ms() + GONE_MS : INT64_MAX;
}

/* Takes the frames that are here; false when it stopped because the answers wait for the host. */
static bool take_frames(void) {
    size_t at = 0;
    struct frame f;
    bool room = true;
    for (ssize_t used; at < in_length && (room = queued < TAKE); at += (size_t)used) {
        used = frame_next(in + at, in_length - at, &f);
        if (used < 0) {  /* nothing here can be trusted; the padding with which a new host begins sets it right */
            channels_drop();
            control_send(ERROR, 0, "a frame of more than 65536 bytes", 32);
            used = (ssize_t)(in_length - at);
        } else if (used == 0) {
            break;
        } else if (f.type != PADDING && f.zero) {
            control_send(ERROR, f.channel, "byte 1 of the frame is not 0", 28);
        } else if (f.type == HELLO) {
            hello(&f);
        } else if (f.type != PADDING) {
            channels_frame(&f);
        }
    }
    memmove(in, in + at, in_length - at);
    in_length -= at;
    heard |= at > 0;
    return room;
}

static void read_control(void) {
    while (control_fd >= 0 && take_frames() && readable) {
        ssize_t n = read(control_fd, in + in_length, IN_MAX - in_length);
        readable = n > 0;
        in_length += n > 0 ? (size_t)n : 0;
    }
}

static void hear_uevents(void) {
    char event[4096];
    bool any = false;
    while (recv(uevent_fd, event, sizeof event, 0) > 0 || errno == ENOBUFS) { any = true; errno = 0; }
    if (any && status_fd < 0) status_fd = open_port("mike.status\n");
    if (any && control_fd < 0) control_fd = open_port("mike.control\n");
}

/* News that a host came or went (work queue) and its bytes (interrupt) arrive in any order: HUP, or read() == 0, may
 * tell of the host before the one whose HELLO was just read. So they change nothing at once: HELLO clears the queue. */
bool ports_turn(void) {
    struct epoll_event e[2];
    heard = false;
    hear_uevents();
    for (int i = epoll_wait(ports_fd, e, 2, 0); i-- > 0; ) {
        bool hangup = e[i].events & EPOLLHUP;
        if (e[i].data.fd != control_fd) continue;
        control_gone = hangup;
        readable = true;
        ports_due = hangup ? now_ms() + GONE_MS : INT64_MAX;
    }
    if (now_ms() >= ports_due) {
        ports_due = INT64_MAX;
        channels_drop();
    }
    write_status();
    read_control();
    write_control();
    read_control();  /* writing may have made room for answers */
    write_control();
    return heard;
}

/* Nothing more can be told to the host, or nobody is there to hear it. */
bool ports_flushed(void) {
    return (status_fd < 0 ? !ports_possible() : said_sent == said_length)
        && (control_fd < 0 || control_gone || queued == 0);
}
