/* What the machine needs before a program can run: devices, modules, file systems, a console; and the way out. */
#include "init.h"
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <termios.h>

int console_fd = -1;
const char *console_path = "/dev/null";

char *read_file(const char *path, size_t max, size_t *length) {
    size_t have = 0;
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    bool fits = fstat(fd, &s) == 0 && (size_t)s.st_size <= max;
    char *text = fits ? must(malloc(max + 1)) : NULL;  /* pages that stay untouched cost nothing */
    for (ssize_t got; text && (got = read(fd, text + have, max - have)) > 0; ) have += (size_t)got;
    close(fd);
    if (text) text[have] = 0;
    else errno = EFBIG;
    if (length) *length = have;
    return text;
}

void write_file(const char *path, int flag, const char *format, ...) {
    va_list rest;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flag, 0644);
    va_start(rest, format);
    if (fd < 0 || vdprintf(fd, format, rest) < 0) note("%s: %s\n", path, strerror(errno));
    va_end(rest);
    close(fd);
}

static bool make_folders(char *path, mode_t mode) {
    struct stat s;
    for (char *slash = *path ? strchr(path + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0755);
        *slash = '/';
    }
    return mkdir(path, mode) == 0 || (errno == EEXIST && stat(path, &s) == 0 && S_ISDIR(s.st_mode));
}

static void attach(const char *type, const char *path, unsigned long flags, const char *options) {
    mkdir(path, 0755);
    if (mount(type, path, type, flags, options) && errno != EBUSY) note("mount %s: %s\n", path, strerror(errno));
}

/* The image may hold no device nodes: nothing can be said before this. */
void boot_devices(void) {
    attach("devtmpfs", "/dev", MS_NOSUID, "mode=755");
    int fd = open("/dev/console", O_RDWR | O_NOCTTY);
    if (fd < 0) fd = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3 && fd >= 0; i++) dup2(fd, i);
    if (fd > 2) close(fd);
    attach("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

void boot_mounts(void) {
    attach("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    attach("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "ptmxmode=666,mode=620,gid=5");
    attach("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
    attach("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755");
    attach("tmpfs", "/run/lock", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777");
    attach("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
    static const char *const link[][2] = {{"/proc/self/fd", "/dev/fd"}, {"/proc/self/fd/0", "/dev/stdin"},
        {"/proc/self/fd/1", "/dev/stdout"}, {"/proc/self/fd/2", "/dev/stderr"}};
    for (int i = 0; i < 4; i++)
        if (symlink(link[i][0], link[i][1]) && errno != EEXIST) note("%s: %s\n", link[i][1], strerror(errno));
}

void boot_modules(const struct list *modules) {
    for (int i = 0; i < modules->count; i++) {
        const char *path = modules->line[i][0];
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
            note("module %s: %s\n", path, strerror(errno));  /* what needs it will say so; the rest may work */
        close(fd);
    }
}

void boot_folders(void) {
    const struct list *list = &config.list[K_FOLDER];
    for (int i = 0; i < list->count; i++) {
        char **word = list->line[i];
        uint32_t mode, uid, gid, most = UINT32_MAX - 1;
        errno = EINVAL;
        if (!parse_number(word[1], 8, 07777, &mode) || !parse_number(word[2], 10, most, &uid)
                || !parse_number(word[3], 10, most, &gid) || !make_folders(word[0], mode)
                || chown(word[0], uid, gid) || chmod(word[0], mode))
            fatal(125, "folder %s %s %s %s: %s", word[0], word[1], word[2], word[3], strerror(errno));
    }
}

bool boot_console(bool give_up) {
    bool port = !give_up && ports_possible();
    const char *path = port ? "/dev/hvc0" : "/dev/ttyS0";
    struct termios t;
    console_fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (console_fd < 0) return !port;
    console_path = path;
    if (port && tcgetattr(console_fd, &t) == 0) {
        t.c_oflag &= ~(tcflag_t)OPOST;  /* the log gets the application's bytes: no CR before NL */
        tcsetattr(console_fd, TCSANOW, &t);
    }
    return true;
}

/* Nothing runs any more: a file system on a disk is made clean, what lives in memory is gone anyway. */
static void seal_disks(void) {
    char *table = read_file("/proc/self/mounts", 65536, NULL);
    for (char *line; (line = strsep(&table, "\n")); ) {
        char *device = strsep(&line, " "), *path = strsep(&line, " ");
        if (path && strncmp(device, "/dev/", 5) == 0) mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL);
    }
}

void power_off(void) {
    for (int i = 0, left = 1; i < 300 && console_fd >= 0 && ioctl(console_fd, TIOCOUTQ, &left) == 0 && left; i++)
        usleep(1000);  /* the application's last words */
    sync();
    seal_disks();
    reboot(RB_POWER_OFF);
    for (;;) pause();
}
