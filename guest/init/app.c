/* Starting a program, and saying plainly why one could not be started. */
#include "init.h"
#include <grp.h>
#include <sys/resource.h>

enum step { AT_CONSOLE, AT_USER, AT_WORKDIR, AT_EXEC };
struct trouble { enum step step; int error; };
extern char **environ;

static bool has(char **env, int count, const char *name) {
    size_t length = strlen(name);
    for (int i = 0; i < count; i++)
        if (strncmp(env[i], name, length) == 0 && env[i][length] == '=') return true;
    return false;
}

/* Makes `environ` the application's; in a name given twice the later value wins. */
void spawn_environment(const struct config *c, const struct user *user) {
    const char *usual[][2] = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        {"HOME", user->uid ? "/" : "/root"}, {"TERM", "xterm"}};
    const struct list *list = &c->list[K_ENV];
    char **env = must(calloc((size_t)list->count + 4, sizeof *env));
    int count = 0;
    for (int i = list->count - 1; i >= -3; i--) {
        const char *name = i < 0 ? usual[-i - 1][0] : list->line[i][0];
        const char *value = i < 0 ? usual[-i - 1][1] : list->line[i][1];
        if (!has(env, count, name)) {
            size_t room = strlen(name) + strlen(value) + 2;
            env[count] = must(malloc(room));
            snprintf(env[count++], room, "%s=%s", name, value);
        }
    }
    environ = env;
}

static _Noreturn void child(const struct spawn *s, int report) {
    struct trouble t = {AT_CONSOLE, 0};
    struct rlimit files = {1024, 524288};  /* as systemd gives them: select() works, a server may raise its own */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    setrlimit(RLIMIT_NOFILE, &files);
    int in = s->in, out = s->out, err = s->err;
    if (in < 0) {
        in = out = err = open(console_path, O_RDWR | O_NOCTTY);
        if (s->terminal) ioctl(in, TIOCSCTTY, 0);  /* fails on /dev/null, which is no loss */
        if (in >= 0 && fchown(in, s->user->uid, (gid_t)-1)) goto trouble;
    }
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) goto trouble;
    t.step = AT_USER;
    if (setgroups((size_t)s->user->groups, s->user->group) || setgid(s->user->group[0]) || setuid(s->user->uid))
        goto trouble;
    t.step = AT_WORKDIR;
    if (chdir(s->workdir)) goto trouble;
    t.step = AT_EXEC;
    execvp(s->argv[0], s->argv);
trouble:
    t.error = errno;
    if (write(report, &t, sizeof t) != sizeof t) _exit(126);
    _exit(127);
}

/* Copies into `name` what the file at `path` says must run it (#! line or ELF PT_INTERP); false: nothing. */
static bool interpreter(const char *path, char *name, size_t room) {
    uint8_t head[4097] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, head, sizeof head - 1);
    close(fd);
    const char *from = NULL;
    if (length > 2 && head[0] == '#' && head[1] == '!') {
        from = (char *)head + 2 + strspn((char *)head + 2, " \t");
    } else if (length >= 64 && memcmp(head, "\177ELF\2\1", 6) == 0) {
        uint32_t at = load32(head + 32), size = load32(head + 54) & 0xffff, count = load32(head + 56) & 0xffff;
        for (; count && at < 4096 && at + 56 <= (size_t)length; count--, at += size) {
            if (load32(head + at) == 3 && load32(head + at + 8) < (size_t)length)
                from = (char *)head + load32(head + at + 8);
        }
    }
    if (!from) return false;
    snprintf(name, room, "%.*s", (int)strcspn(from, " \t\r\n"), from);
    return *name;
}

/* Where execvp would have found the file, or false. */
static bool find(const char *name, char *path, size_t room) {
    if (strchr(name, '/')) { snprintf(path, room, "%s", name); return access(path, F_OK) == 0; }
    for (const char *at = getenv("PATH"); at; ) {
        size_t length = strcspn(at, ":");
        snprintf(path, room, "%.*s/%s", (int)length, at, name);
        if (access(path, F_OK) == 0) return true;
        at = at[length] ? at + length + 1 : NULL;
    }
    return false;
}

static void explain(const struct spawn *s, const struct trouble *t, char *error) {
    char path[200], needs[200];
    const char *what = strerror(t->error), *name = s->argv[0];
    if (t->step == AT_WORKDIR) {
        snprintf(error, TEXT_MAX, "start %s: working directory %s: %s", name, s->workdir, what);
    } else if (t->step != AT_EXEC) {
        snprintf(error, TEXT_MAX, "start %s: %s: %s", name, t->step == AT_USER ? "its user" : console_path, what);
    } else if (t->error != ENOENT) {
        snprintf(error, TEXT_MAX, "start %s: %s", name, what);
    } else if (!find(name, path, sizeof path)) {
        snprintf(error, TEXT_MAX, "start %s: no such file in the machine%s%s", name,
                 strchr(name, '/') ? "" : " in PATH=", strchr(name, '/') ? "" : getenv("PATH"));
    } else if (interpreter(path, needs, sizeof needs)) {
        snprintf(error, TEXT_MAX, "start %s: its interpreter %s is not in the machine", path, needs);
    } else {
        snprintf(error, TEXT_MAX, "start %s: %s, though the file exists (a broken link?)", path, what);
    }
}

pid_t spawn(const struct spawn *s, char *error, int *code) {
    int report[2];
    struct trouble t;
    *code = 126;
    if (pipe2(report, O_CLOEXEC)) {
        snprintf(error, TEXT_MAX, "start %s: pipe: %s", s->argv[0], strerror(errno));
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) child(s, report[1]);
    int failed = errno;
    close(report[1]);
    if (pid < 0) {
        snprintf(error, TEXT_MAX, "start %s: fork: %s", s->argv[0], strerror(failed));
    } else if (read(report[0], &t, sizeof t) == sizeof t) {  /* else end of file: exec closed the pipe */
        explain(s, &t, error);
        *code = t.step == AT_EXEC && t.error == ENOENT ? 127 : 126;
        pid = -1;  /* the main loop reaps it */
    }
    close(report[0]);
    return pid;
}
