/* /dev/log: what programs tell syslog(3) becomes lines on the console, where the host sees and keeps them. */
#include "init.h"
#include <sys/un.h>

enum { MESSAGE_MAX = 1024, TURN_MAX = 16 };
int log_fd = -1;

/* RFC 3164, 4.1: "<PRI>Mmm dd hh:mm:ss TAG: TEXT"; the time is left out, the rest must stay on its line. */
size_t log_line(char *message, size_t length) {
    char *at = message, *end = message + length, *mark = memchr(message, '>', length < 5 ? length : 5);
    if (length && *message == '<' && mark) at = mark + 1;
    if (end - at > 16 && at[3] == ' ' && at[6] == ' ' && at[9] == ':' && at[12] == ':' && at[15] == ' ') at += 16;
    while (end > at && (unsigned char)end[-1] <= ' ') end--;  /* newline, and the NUL of some */
    for (char *c = at; c < end; c++) *c = (unsigned char)*c < ' ' || *c == 127 ? ' ' : *c;
    length = (size_t)(end - at);
    memmove(message, at, length);
    if (length) message[length++] = '\n';
    return length;
}

void log_open(void) {
    struct sockaddr_un name = {AF_UNIX, "/dev/log"};
    log_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(log_fd, (void *)&name, sizeof name) || chmod(name.sun_path, 0666)) note("/dev/log: %s\n", strerror(errno));
}

/* True: a flood waits for the next turn. What the console does not take is lost: a log must not hold up PID 1. */
bool log_turn(void) {
    static bool cut;  /* the console's last line has no end yet */
    char message[1 + MESSAGE_MAX + 1] = "\n";
    for (int i = 0; i < TURN_MAX; i++) {
        ssize_t n = recv(log_fd, message + 1, MESSAGE_MAX, 0);
        if (n < 0) return false;
        char *at = message + !cut;
        n = write(console_fd, at, log_line(message + 1, (size_t)n) + cut);
        if (n > 0) cut = at[n - 1] != '\n';
    }
    return true;
}
