/* PID 1 of a `linux` machine. What it does: README.md; what it says and hears: ../PROTOCOL.md. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEXT_MAX = 512, GROUPS_MAX = 32, NAME_LEN_MAX = 64 };

/* ---- config.c: /mike/image and /mike/run ---- */
enum key {
    K_MODULE, K_LATE, K_HOSTNAME, K_NET, K_HOST, K_FOLDER, K_ENV, K_PRE, K_ARG, K_USER, K_WORKDIR, K_FORKING, K_LISTEN,
    K_STOP, KEYS
};
struct list { int count, source; char ***line; };  /* line[i] is a NULL-terminated vector of decoded words */
struct config { struct list list[KEYS]; int source; };
struct user { uid_t uid; int groups; gid_t group[GROUPS_MAX]; };

/* Adds one file's lines; `text` (then NUL) is changed and must outlive the config. False: `error` says why. */
bool config_parse(struct config *c, char *text, size_t length, const char *name, char *error);
char **config_last(const struct config *c, enum key key);      /* NULL when the key was not given */
const char *config_word(const struct config *c, enum key key, const char *otherwise);
bool parse_number(const char *text, int base, uint32_t max, uint32_t *out);
bool parse_user(const char *text, struct user *out);           /* "UID[:GID[,GID...]]" */

/* ---- frame.c: the codec of mike.control, no I/O ---- */
enum { FRAME_HEAD = 8, FRAME_MAX = 65536, CHANNELS = 8, WINDOW = 131072, NONCE = 8 };
enum type {
    PADDING, HELLO, WELCOME, STOP, SIGNAL, EXEC, DATA, ERRDATA, END, EXITED, GET, PUT, ERROR, RESIZE, PING, PONG,
    CREDIT, STATUS
};
struct frame { uint8_t type, zero; uint16_t channel; uint32_t length; const uint8_t *data; };

/* Takes the next frame off `bytes`: how many bytes it used, 0 when it needs more, -1 when it is too long. */
ssize_t frame_next(const uint8_t *bytes, size_t length, struct frame *out);
void frame_head(uint8_t head[FRAME_HEAD], enum type type, uint16_t channel, uint32_t length);
uint32_t load32(const uint8_t *at);
void store32(uint8_t *at, uint32_t value);
/* Splits NUL-terminated words that end with the mark 0xff; words point into `f`. The number of words, or -1. */
int frame_words(const struct frame *f, char **words, int max);

/* ---- listen.c: /proc/net/{tcp,udp}{,6} ---- */
enum bound { BOUND_NOT, BOUND_LOCAL, BOUND };
enum bound listen_line(const char *line, bool udp, uint16_t port);
enum bound listen_table(const char *table, bool udp, uint16_t port);
void listen_start(void);
bool listen_check(int64_t now);   /* true once every line is satisfied */

/* ---- dhcp.c ---- */
struct lease { uint32_t address, mask, router, dns, server; uint8_t kind; }; /* network order, 0 = not given */
enum { DHCP_PACKET = 576, DHCP_OFFER = 2, DHCP_ACK = 5, DHCP_NAK = 6 };
/* DISCOVER when `ask` holds no address, else REQUEST for it. */
size_t dhcp_build(uint8_t *packet, const uint8_t mac[6], uint32_t xid, const struct lease *ask);
bool dhcp_parse(const uint8_t *packet, size_t length, const uint8_t mac[6], uint32_t xid, struct lease *out);
bool dhcp_start(int64_t now);
void dhcp_turn(int64_t now);      /* reads what came, sends what is due, ends in net_done */

/* ---- net.c ---- */
void net_start(int64_t now);
void net_done(const struct lease *lease, uint32_t mtu, const char *why_not);
extern bool net_settled;

/* ---- boot.c: mounts, modules, console, power ---- */
void boot_devices(void);
void boot_mounts(void);
void boot_modules(const struct list *modules);
void boot_folders(void);
bool boot_console(bool give_up);  /* opens the application's console; false: hvc0 may still come */
_Noreturn void power_off(void);
char *read_file(const char *path, size_t max, size_t *length);   /* NUL-terminated; NULL: errno says why */
void write_file(const char *path, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));
extern const char *console_path;

/* ---- app.c: starting programs ---- */
struct spawn { char **argv; const char *workdir; const struct user *user; int in, out, err; bool terminal; };
/* in < 0: the console is all three. */
pid_t spawn(const struct spawn *s, char *error, int *code);   /* -1: `error`, and 126 or 127 in `code` */
void spawn_environment(void);

/* ---- log.c: /dev/log ---- */
size_t log_line(char *message, size_t length);    /* makes it a line, in place; how long that is, 0: empty */
void log_open(void);
bool log_turn(void);

/* ---- ports.c: virtio-serial, status lines ---- */
void ports_open(void);
/* The device whose `file` under /sys/class/... says `wanted`; -1: it is not there. */
int open_named(const char *class, const char *file, const char *wanted, const char *devices);
bool ports_possible(void);        /* a device for them is there: ports and hvc0 may still appear */
bool ports_turn(void);
bool ports_flushed(void);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void control_send(enum type type, uint16_t channel, const void *data, uint32_t length);
bool control_room(void);          /* bulk data may be queued */

/* ---- channels.c: exec and copy ---- */
void channels_frame(const struct frame *f);
void channels_drop(void);
bool channels_exited(pid_t pid, int status, int64_t now);
int channels_poll(struct pollfd *p, int64_t *due);  /* how many; `due` comes down to when it must turn again */
bool channels_turn(int64_t now);  /* true: more can be done at once */

/* ---- main.c, and what it waits for; a time is in ms, INT64_MAX is never ---- */
extern int dhcp_fd, ports_fd, uevent_fd, console_fd, log_fd;
extern int64_t listen_due, dhcp_due, ports_due;
extern struct config config;
extern struct user app_user;
int64_t now_ms(void);
_Noreturn void die(int code);
#define fatal(code, ...) (say("failed " __VA_ARGS__), die(code))
#define note(...) dprintf(2, "init: " __VA_ARGS__)  /* a line, on the kernel's console */
void stop_asked(void);
void signal_app(int signal);
void *must(void *allocated);
