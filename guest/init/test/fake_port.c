#include "fake_port.h"
#include <dirent.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

struct port port;
static char sys[64];
static int port_fd = -1;
static bool uevent;

/* The linker sends init's calls here (--wrap); what is not about the port goes on to the C library. */
int __real_open(const char *path, int flags, ...);
DIR *__real_opendir(const char *path);
ssize_t __real_read(int fd, void *to, size_t length);
ssize_t __real_write(int fd, const void *from, size_t length);
ssize_t __real_recv(int fd, void *to, size_t length, int flags);
int __real_epoll_wait(int fd, struct epoll_event *e, int most, int wait);
int __wrap_open(const char *path, int flags, ...);
DIR *__wrap_opendir(const char *path);
ssize_t __wrap_read(int fd, void *to, size_t length);
ssize_t __wrap_write(int fd, const void *from, size_t length);
ssize_t __wrap_recv(int fd, void *to, size_t length, int flags);
int __wrap_epoll_wait(int fd, struct epoll_event *e, int most, int wait);

static const char CLASS[] = "/sys/class/virtio-ports";

int __wrap_open(const char *path, int flags, ...) {
    char mapped[512];
    va_list rest;
    va_start(rest, flags);
    int mode = flags & O_CREAT ? va_arg(rest, int) : 0;
    va_end(rest);
    if (strcmp(path, "/dev/vport7p1") == 0) return port_fd = eventfd(0, 0);
    if (*sys && strncmp(path, CLASS, strlen(CLASS)) == 0) {
        snprintf(mapped, sizeof mapped, "%s%s", sys, path + strlen(CLASS));
        path = mapped;
    }
    return __real_open(path, flags, mode);
}

DIR *__wrap_opendir(const char *path) {
    return __real_opendir(*sys && strcmp(path, CLASS) == 0 ? sys : path);
}

ssize_t __wrap_recv(int fd, void *to, size_t length, int flags) {
    if (!uevent) return __real_recv(fd, to, length, flags);
    uevent = false;
    return 1;
}

/* virtio_console.c, port_fops_read() */
ssize_t __wrap_read(int fd, void *to, size_t length) {
    if (fd != port_fd) return __real_read(fd, to, length);
    if (port.between) port.between();
    size_t here = port.inbox_length - port.inbox_at, n = here < length ? here : length;
    if (n == 0 && !port.connected) return 0;
    if (n == 0) { errno = EAGAIN; return -1; }
    memcpy(to, port.inbox + port.inbox_at, n);
    port.inbox_at += n;
    return (ssize_t)n;
}

/* port_fops_write(); then QEMU's virtio_serial handle_output(), which discards what no host is there to hear. */
ssize_t __wrap_write(int fd, const void *from, size_t length) {
    if (fd != port_fd) return __real_write(fd, from, length);
    if (port.between) port.between();
    if (!port.connected || !port.write_most) { errno = EAGAIN; return -1; }
    size_t n = length < port.write_most ? length : port.write_most;
    if (port.present && port.heard_length[port.hosts - 1] + n <= PORT_SAID) {
        memcpy(port.heard[port.hosts - 1] + port.heard_length[port.hosts - 1], from, n);
        port.heard_length[port.hosts - 1] += n;
    }
    return (ssize_t)n;
}

/* port_fops_poll(), edge-triggered */
int __wrap_epoll_wait(int fd, struct epoll_event *e, int most, int wait) {
    if (port_fd < 0) return __real_epoll_wait(fd, e, most, wait);
    if (port.between) port.between();
    if (!port.woken) return 0;
    port.woken = false;
    bool in = port.inbox_at < port.inbox_length || !port.connected, out = port.connected && port.write_most;
    *e = (struct epoll_event){.data.fd = port_fd};
    e->events = (in ? EPOLLIN : 0u) | (out ? EPOLLOUT : 0u) | (port.connected ? 0u : EPOLLHUP);
    return 1;
}

void port_begin(void) {
    char path[128];
    strcpy(sys, "/tmp/init-test-XXXXXX");
    CHECK(mkdtemp(sys) != NULL);
    snprintf(path, sizeof path, "%s/vport7p1", sys);
    mkdir(path, 0700);
    strcat(path, "/name");
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0 && write(fd, "mike.control\n", 13) == 13);
    close(fd);
    uevent = true;
    port_fresh();
}

void port_end(void) {
    char path[128];
    snprintf(path, sizeof path, "%s/vport7p1/name", sys);
    unlink(path);
    *strrchr(path, '/') = 0;
    rmdir(path);
    rmdir(sys);
}

void port_fresh(void) {
    memset(&port, 0, sizeof port);
    port.write_most = 32768;
    port.woken = true;
}

void host_comes(void) {
    port.hosts++;
    port.present = true;
    port.news[port.news_count++] = true;
}

void host_leaves(void) {
    port.present = false;
    port.news[port.news_count++] = false;
}

void host_says(const void *bytes, size_t length) {
    memcpy(port.under_way + port.under_way_length, bytes, length);
    port.under_way_length += length;
}

void host_frame(enum type type, uint16_t channel, const void *data, size_t length) {
    uint8_t head[FRAME_HEAD];
    frame_head(head, type, channel, (uint32_t)length);
    host_says(head, sizeof head);
    host_says(data, length);
}

bool news_arrives(void) {
    if (port.news_at == port.news_count) return false;
    port.connected = port.news[port.news_at++];
    return port.woken = true;
}

bool bytes_arrive(size_t most) {
    size_t left = port.under_way_length - port.under_way_at, n = left < most ? left : most;
    if (n == 0) return false;
    memcpy(port.inbox + port.inbox_length, port.under_way + port.under_way_at, n);
    port.inbox_length += n;
    port.under_way_at += n;
    return port.woken = true;
}

void all_arrives(void) {
    while (news_arrives()) { }
    bytes_arrive(sizeof port.inbox);
}

bool host_heard(const char *nonce, enum type type, struct frame *f) {
    const uint8_t *at = port.heard[port.hosts - 1], *end = at + port.heard_length[port.hosts - 1];
    while (at + FRAME_HEAD + NONCE <= end && !(at[0] == WELCOME && memcmp(at + FRAME_HEAD, nonce, NONCE) == 0)) at++;
    for (ssize_t used; at < end && (used = frame_next(at, (size_t)(end - at), f)) > 0; at += used)
        if (f->type == type) return true;
    return false;
}
