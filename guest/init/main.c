/* PID 1: one loop brings the machine up, watches over the application and turns the machine off. It never exits. */
#include "init.h"
#include <sys/signalfd.h>
#include <time.h>

enum phase { STARTING, PREPARING, RUNNING, LEAVING };
enum { CONSOLE_WAIT_MS = 2000, LEFTOVER_MS = 2000, KILLS_MAX = 3, FLUSH_MS = 300, LAST_LOG = 64, IMAGE_MAX = 1 << 20 };

struct config config;
struct user app_user;
static enum phase phase;
static int signal_fd, button_fd = -1, pre_at, code, last_status, kills;
static pid_t pid;                       /* of the running `pre` command or of the start command; 0: none */
static bool stopping, is_ready, forking;
static uint32_t grace_s;
static const struct user ROOT = {.groups = 1};
static int64_t console_due, kill_due = INT64_MAX;

int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void *must(void *allocated) {
    if (!allocated) fatal(125, "init: out of memory");
    return allocated;
}

/* Gives the host a bounded time to hear the last lines, then ends the machine. */
static _Noreturn void leave(void) {
    int64_t until = now_ms() + FLUSH_MS;
    for (int i = 0; i < LAST_LOG && log_turn(); i++) { }
    for (ports_turn(); !ports_flushed() && now_ms() < until; ports_turn())
        poll(&(struct pollfd){ports_fd, POLLIN, 0}, 1, 5);
    power_off();
}

void die(int exit_code) {
    static bool again;
    if (again) power_off();  /* it failed while it was failing */
    again = true;
    say("exit %d", exit_code);
    leave();
}

void signal_app(int signal) {
    if (pid > 0) kill(pid, signal);
    else if (phase == RUNNING) kill(-1, signal);  /* forking: whoever is left is the application */
}

static void end_of_app(int status) {
    if (WIFSIGNALED(status)) say("exit signal %d", WTERMSIG(status));
    else say("exit %d", WEXITSTATUS(status));
    phase = LEAVING;
    listen_due = INT64_MAX;
    kill_due = now_ms() + LEFTOVER_MS;
    kill(-1, SIGTERM);
}

void stop_asked(void) {
    if (stopping || phase == LEAVING) return;
    stopping = true;
    kill_due = now_ms() + (int64_t)grace_s * 1000;
    signal_app(SIGTERM);
    if (phase == STARTING) end_of_app(SIGTERM);  /* as if the application had died of it */
}

static void start(const struct spawn *s, const char *when) {
    char error[TEXT_MAX];
    pid = spawn(s, error, &code);
    if (pid < 0) fatal(code, "%s%s", when, error);
}

static void start_app(void) {
    const struct list *args = &config.list[K_ARG];
    char **argv = must(calloc((size_t)args->count + 1, sizeof *argv));
    for (int i = 0; i < args->count; i++) argv[i] = args->line[i][0];
    if (!argv[0]) fatal(125, "the image has no start command (no `arg` line)");
    /* A daemon's first process must not own the terminal: its end would send SIGHUP to the second. */
    start(&(struct spawn){argv, config_word(&config, K_WORKDIR, "/"), &app_user, -1, -1, -1, !forking}, "");
    free(argv);
    phase = RUNNING;
    say("started %d", (int)pid);
    listen_due = 0;
    boot_modules(&config.list[K_LATE]);
    button_fd = open_named("/sys/class/input", "device/name", "Power Button\n", "/dev/input");
}

static void next_step(void) {
    phase = PREPARING;
    if (pre_at == config.list[K_PRE].count) start_app();
    else start(&(struct spawn){config.list[K_PRE].line[pre_at++], "/", &ROOT, -1, -1, -1, false}, "before the start: ");
}

/* The start command, or a `pre` command, has ended. */
static void ended(int status) {
    pid = 0;
    if (phase == PREPARING && stopping) {
        end_of_app(SIGTERM);
    } else if (phase == PREPARING && status) {
        bool killed = WIFSIGNALED(status);
        fatal(125, "before the start: %s ended with %s %d", config.list[K_PRE].line[pre_at - 1][0],
              killed ? "signal" : "exit code", killed ? WTERMSIG(status) : WEXITSTATUS(status));
    } else if (phase == PREPARING) {
        next_step();
    } else if (phase == RUNNING && !(forking && status == 0)) {
        end_of_app(status);
    } else if (stopping) {
        kill(-1, SIGTERM);
    }
    if (phase == RUNNING && !is_ready) listen_due = 0;
}

static void reap(void) {
    int status;
    pid_t gone;
    while ((gone = waitpid(-1, &status, WNOHANG)) > 0) {
        if (gone == pid) ended(status);
        else if (!channels_exited(gone, status, now_ms())) last_status = status;
    }
    if (gone < 0 && errno == ECHILD) {  /* every process is a descendant of ours: the machine is empty */
        if (phase == RUNNING && pid == 0) end_of_app(last_status);
        if (phase == LEAVING) leave();
    }
}

static void hear_signals(void) {
    struct signalfd_siginfo s;
    while (read(signal_fd, &s, sizeof s) == sizeof s) {
        int signal = (int)s.ssi_signo;  /* SIGCHLD: reap() looks each turn; SIGPIPE is read although it is ignored */
        if (signal == SIGHUP || signal == SIGUSR1 || signal == SIGUSR2 || signal == SIGQUIT) signal_app(signal);
        else if (signal == SIGTERM || signal == SIGPWR || signal == SIGINT) stop_asked();
    }
}

static void hear_button(void) {
    char events[1024];
    while (button_fd >= 0 && read(button_fd, events, sizeof events) > 0) stop_asked();  /* it has no other key */
}

/* What time brings. */
static void timers(int64_t now) {
    if (phase == STARTING && net_settled && boot_console(now >= console_due)) next_step();
    if (phase == RUNNING && now >= listen_due && listen_check(now) && !is_ready) {
        /* A forking command without ports is ready when it returns, like systemd's Type=forking. */
        is_ready = !forking || pid == 0 || config.list[K_LISTEN].count > 0;
        if (is_ready) say("ready");
    }
    if (now >= kill_due) {
        kill(-1, SIGKILL);
        kill_due = phase == LEAVING ? now + LEFTOVER_MS : INT64_MAX;
        if (phase == LEAVING && ++kills > KILLS_MAX) leave();  /* something in the kernel does not let go of it */
    }
}

static void turn(void) {
    struct pollfd p[6 + 3 * CHANNELS] = {{signal_fd, POLLIN, 0}, {ports_fd, POLLIN, 0}, {uevent_fd, POLLIN, 0},
        {dhcp_fd, POLLIN, 0}, {button_fd, POLLIN, 0}, {log_fd, POLLIN, 0}};
    bool more = channels_turn(now_ms());  /* what they say must leave, what the host says reach them, before we sleep */
    more |= ports_turn();                 /* once: a host that goes on talking must not keep us from the rest */
    int64_t now = now_ms(), due = now + (more ? 0 : 60000);
    int count = 6 + channels_poll(p + 6, &due);
    const int64_t dues[] = {kill_due, dhcp_due, ports_due, phase == RUNNING ? listen_due : INT64_MAX,
        phase == STARTING && net_settled ? now + 5 : INT64_MAX /* hvc0's node may be there before it opens */};
    for (size_t i = 0; i < sizeof dues / sizeof *dues; i++) due = dues[i] < due ? dues[i] : due;
    poll(p, (nfds_t)count, due > now ? (int)(due - now) : 0);
    hear_signals();
    hear_button();
    dhcp_turn(now_ms());
    ports_turn();
    channels_turn(now_ms());
    ports_turn();
    log_turn();
    reap();
}

static void read_config(const char *path, bool needed) {
    char error[TEXT_MAX];
    size_t length = 0;
    char *text = read_file(path, IMAGE_MAX, &length);
    if (!text && (needed || errno != ENOENT)) fatal(125, "%s: %s (at most 1 MiB)", path, strerror(errno));
    if (text && !config_parse(&config, text, length, path, error)) {
        boot_modules(&config.list[K_MODULE]);  /* those named before: so that the host can hear it */
        fatal(125, "%s", error);
    }
}

int main(void) {
    char error[TEXT_MAX];
    sigset_t all;
    if (getpid() != 1) { note("this is /init of a Mikelangelo machine; it runs as PID 1 only\n"); return 1; }
    boot_devices();
    sigfillset(&all);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal_fd = signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);
    ports_open();
    say("mike 1");
    read_config("/mike/image", true);
    read_config("/mike/run", false);
    boot_modules(&config.list[K_MODULE]);
    ports_turn();
    boot_mounts();
    ports_turn();
    char **user = config_last(&config, K_USER);
    if (user) snprintf(error, sizeof error, "%s:%s", user[0], user[1]);
    if (!parse_user(user ? error : "0", &app_user)) fatal(125, "`user` is not a number and numbers: %s", error);
    forking = strcmp(config_word(&config, K_FORKING, "0"), "1") == 0;
    if (!parse_number(config_word(&config, K_STOP, "10"), 10, 86400, &grace_s)) fatal(125, "`stop` is not 0 to 86400");
    spawn_environment();
    boot_folders();
    log_open();
    listen_start();
    net_start(now_ms());
    console_due = now_ms() + CONSOLE_WAIT_MS;
    for (;;) { timers(now_ms()); turn(); }
}
