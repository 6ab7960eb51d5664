/* Starting a program, and saying plainly why one could not be started. */
#include "init.h"
#include <grp.h>
#include <sys/resource.h>

enum { FILES_MAX = 65536, SCRIPT_MAX = 1 << 20 };
struct trouble { const char *what, *which; int error; };

/* Makes our environment the application's; in a name given twice the later value wins. */
void spawn_environment(void) {
    const struct list *list = &config.list[K_ENV];
    clearenv();
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    setenv("HOME", app_user.uid ? "/" : "/root", 1);
    setenv("TERM", "xterm", 1);
    for (int i = 0; i < list->count; i++)
        if (setenv(list->line[i][0], list->line[i][1], 1)) note("env %s: %s\n", list->line[i][0], strerror(errno));
}

/* Turns the child into the program; returns only what failed, `what` NULL when exec did. */
static struct trouble become(const struct spawn *s) {
    struct rlimit files = {FILES_MAX, FILES_MAX};
    sigprocmask(SIG_SETMASK, &(sigset_t){0}, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    setrlimit(RLIMIT_NOFILE, &files);
    int in = s->in, out = s->out, err = s->err;
    if (in < 0) {
        in = out = err = open(console_path, O_RDWR | O_NOCTTY);
        if (s->terminal) ioctl(in, TIOCSCTTY, 0);  /* fails on /dev/null, which is no loss */
    }
    if ((s->in < 0 && fchown(in, s->user->uid, (gid_t)-1)) || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        return (struct trouble){"its console ", console_path, errno};
    if (setgroups((size_t)s->user->groups, s->user->group) || setgid(s->user->group[0]) || setuid(s->user->uid))
        return (struct trouble){"its user", "", errno};
    if (chdir(s->workdir)) return (struct trouble){"working directory ", s->workdir, errno};
    execvp(s->argv[0], s->argv);
    return (struct trouble){.error = errno};
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
    char path[200];
    const char *what = strerror(t->error), *name = s->argv[0];
    if (t->what) {
        snprintf(error, TEXT_MAX, "start %s: %s%s: %s", name, t->what, t->which, what);
    } else if (t->error != ENOENT) {
        snprintf(error, TEXT_MAX, "start %s: %s", name, what);
    } else if (!find(name, path, sizeof path)) {
        snprintf(error, TEXT_MAX, "start %s: no such file in the machine%s%s", name,
                 strchr(name, '/') ? "" : " in PATH=", strchr(name, '/') ? "" : getenv("PATH"));
    } else {
        char *text = read_file(path, SCRIPT_MAX, NULL);
        bool script = text && strncmp(text, "#!", 2) == 0;
        snprintf(error, TEXT_MAX, "start %s: its interpreter %.*s is not in the machine", path,
                 script ? (int)strcspn(text + 2, "\r\n") : NAME_LEN_MAX, script ? text + 2 : "(dynamic loader)");
        free(text);
    }
}

pid_t spawn(const struct spawn *s, char *error, int *code) {
    int report[2] = {-1, -1};
    struct trouble t;
    *code = 126;
    pid_t pid = pipe2(report, O_CLOEXEC) ? -1 : fork();
    if (pid == 0) {
        t = become(s);
        _exit(write(report[1], &t, sizeof t) == sizeof t ? 127 : 126);
    }
    int failed = errno;
    close(report[1]);
    if (pid < 0) {
        snprintf(error, TEXT_MAX, "start %s: no process or pipe: %s", s->argv[0], strerror(failed));
    } else if (read(report[0], &t, sizeof t) == sizeof t) {  /* else end of file: exec closed the pipe */
        explain(s, &t, error);
        *code = !t.what && t.error == ENOENT ? 127 : 126;
        pid = -1;  /* the main loop reaps it */
    }
    close(report[0]);
    return pid;
}
