/* exec and copy: one struct per channel, every byte in flight covered by the credit of its direction. */
#include "init.h"

enum { CHUNK = 32768, WORDS_MAX = 1024, LINGER_MS = 200 };

struct channel {
    enum type kind;               /* PADDING: free */
    uint16_t id;
    pid_t pid;                    /* of the program; 0: it has ended */
    int in, out, err;             /* our ends: a program's streams, or in = a file being put, out = one being got */
    uint8_t *pending;             /* DATA the program has not read yet, at most WINDOW */
    size_t pending_at, pending_length;
    uint32_t unacknowledged, owed;      /* of the host's DATA: not credited yet; of those, used up */
    uint32_t mode, credit, error_credit;  /* of a file put; and what the host will take of DATA and ERRDATA */
    bool ended;
    uint32_t code;
    int64_t linger_due;
    char *path, *beside;
};
static struct channel channel[CHANNELS];

static struct channel *by_id(uint16_t id) {
    for (int i = 0; i < CHANNELS; i++)
        if (channel[i].kind && channel[i].id == id) return &channel[i];
    return NULL;
}

static void close_fd(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static void release(struct channel *c) {
    if (c->pid > 0) kill(-c->pid, SIGKILL);
    close_fd(&c->in);
    close_fd(&c->out);
    close_fd(&c->err);
    if (c->beside) unlink(c->beside);
    free(c->beside);
    free(c->path);
    free(c->pending);
    *c = (struct channel){0};
}

static bool refuse(uint16_t id, const char *what, const char *why) {
    char text[TEXT_MAX];
    snprintf(text, sizeof text, "%s%s%s", what, *why ? ": " : "", why);
    control_send(ERROR, id, text, (uint32_t)strlen(text));
    return false;
}

static bool fail(struct channel *c, const char *what, const char *why) {
    refuse(c->id, what, why);
    release(c);
    return false;
}

static void finish(struct channel *c, uint32_t code) {
    uint8_t payload[4];
    store32(payload, code);
    control_send(EXITED, c->id, payload, sizeof payload);
    release(c);
}

void channels_drop(void) {
    for (int i = 0; i < CHANNELS; i++)
        if (channel[i].kind) release(&channel[i]);
}

static bool start_program(struct channel *c, char **word) {
    char error[TEXT_MAX + 1] = "exec: no pipes are left";
    int end[6] = {-1, -1, -1, -1, -1, -1}, code = 126;
    struct user user = app_user;
    if (*word[0] && !parse_user(word[0], &user)) return fail(c, "the user is not UID[:GID[,GID...]] in numbers", "");
    bool pipes = !pipe2(end, O_CLOEXEC) && !pipe2(end + 2, O_CLOEXEC) && !pipe2(end + 4, O_CLOEXEC);
    struct spawn s = {word + 2, word[1], &user, end[0], end[3], end[5], false};
    c->pid = pipes ? spawn(&s, error, &code) : -1;
    for (int i = 0; i < 3; i++) {
        close_fd(&end[(int[]){0, 3, 5}[i]]);
        fcntl(end[(int[]){1, 2, 4}[i]], F_SETFL, O_NONBLOCK);
    }
    c->in = end[1], c->out = end[2], c->err = end[4];
    if (c->pid > 0) return true;
    strcat(error, "\n");  /* as a shell would: the reason on stderr, then 126 or 127 */
    control_send(ERRDATA, c->id, error, (uint32_t)strlen(error));
    finish(c, (uint32_t)code);
    return false;
}

static bool start_get(struct channel *c, char **word) {
    struct stat s;
    c->out = open(word[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK);  /* NONBLOCK: a FIFO must not hold up PID 1 */
    if (c->out < 0 || fstat(c->out, &s)) return fail(c, word[0], strerror(errno));
    return S_ISREG(s.st_mode) || fail(c, word[0], "not a regular file");
}

static bool start_put(struct channel *c, char **word) {
    char beside[4096];
    if (!parse_number(word[0], 8, 07777, &c->mode)) return fail(c, "put: the mode is not an octal number", "");
    if ((size_t)snprintf(beside, sizeof beside, "%s.mike-%u", word[1], c->id) >= sizeof beside)
        return fail(c, word[1], strerror(ENAMETOOLONG));
    c->in = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (c->in < 0) return fail(c, word[1], strerror(errno));
    c->beside = must(strdup(beside));  /* from here on it is ours to unlink */
    c->path = must(strdup(word[1]));
    return true;
}

static void open_channel(const struct frame *f) {
    char *word[WORDS_MAX + 1];
    int words = frame_words(f, word, WORDS_MAX), least = f->type == EXEC ? 3 : f->type == PUT ? 2 : 1;
    struct channel *c = NULL;
    for (int i = 0; i < CHANNELS && !c; i++) c = channel[i].kind ? NULL : &channel[i];
    if (f->channel == 0 || by_id(f->channel)) {
        refuse(f->channel, "the channel is open already, or 0", "");
    } else if (words < least || (f->type != EXEC && (words > least || word[words - 1][0] != '/'))) {
        refuse(f->channel, "the words of the request are incomplete, too many, or the path is not absolute", "");
    } else if (!c) {
        refuse(f->channel, "8 channels are open already", "");
    } else {
        *c = (struct channel){.kind = f->type, .id = f->channel, .in = -1, .out = -1, .err = -1, .credit = WINDOW,
                              .error_credit = WINDOW, .pending = f->type == GET ? NULL : must(malloc(WINDOW))};
        if (f->type == EXEC) start_program(c, word);
        else if (f->type == GET) start_get(c, word);
        else start_put(c, word);
    }
}

static void give_credit(struct channel *c, uint32_t used) {
    uint8_t payload[8] = {0};
    c->owed += used;
    if (c->owed >= WINDOW / 4) {
        store32(payload, c->owed);
        control_send(CREDIT, c->id, payload, sizeof payload);
        c->unacknowledged -= c->owed;
        c->owed = 0;
    }
}

static bool data(struct channel *c, const struct frame *f) {
    if (c->kind == GET || c->ended || f->length > WINDOW - c->unacknowledged)
        return fail(c, "DATA where none belongs, or beyond the credit", "");
    c->unacknowledged += f->length;
    if (c->in < 0) {
        give_credit(c, f->length);  /* the program closed its input: the rest is read and forgotten */
        return true;
    }
    memmove(c->pending, c->pending + c->pending_at, c->pending_length);
    memcpy(c->pending + c->pending_length, f->data, f->length);
    c->pending_at = 0;
    c->pending_length += f->length;
    return true;
}

static bool take_credit(struct channel *c, const struct frame *f) {
    if (f->length != 8 || load32(f->data) > WINDOW - c->credit || load32(f->data + 4) > WINDOW - c->error_credit)
        return fail(c, "CREDIT is not 8 bytes, or for bytes that were never sent", "");
    c->credit += load32(f->data);
    c->error_credit += load32(f->data + 4);
    return true;
}

static bool send_signal(const struct frame *f, struct channel *c) {
    uint32_t number = f->length == 4 ? load32(f->data) : 0;
    if (number < 1 || number > 64) return refuse(f->channel, "SIGNAL holds no signal of 1 to 64", "");
    if (f->channel == 0) signal_app((int)number);
    else if (c && c->kind != EXEC) return fail(c, "aborted", "");
    else if (c && c->pid) kill(-c->pid, (int)number);
    return true;
}

static bool resize(const struct frame *f) {
    if (f->length != 4) return refuse(f->channel, "RESIZE holds 4 bytes", "");
    struct winsize size = {.ws_row = (uint16_t)load32(f->data), .ws_col = (uint16_t)(load32(f->data) >> 16)};
    return ioctl(console_fd, TIOCSWINSZ, &size) == 0;  /* no console, no size */
}

/* DATA, END, CREDIT and SIGNAL for a channel that is not open are no error: it may have closed on their way. */
void channels_frame(const struct frame *f) {
    struct channel *c = f->channel ? by_id(f->channel) : NULL;
    switch (f->type) {
        case STOP: stop_asked(); break;
        case SIGNAL: send_signal(f, c); break;
        case RESIZE: resize(f); break;
        case PING: control_send(PONG, f->channel, f->data, f->length); break;
        case EXEC: case GET: case PUT: open_channel(f); break;
        case DATA: if (c) data(c, f); break;
        case END: if (c) c->ended = true; break;
        case CREDIT: if (c) take_credit(c, f); break;
        default: refuse(f->channel, "a frame of a type that the host does not send", ""); break;
    }
}

bool channels_exited(pid_t pid, int status, int64_t now) {
    for (int i = 0; i < CHANNELS; i++) {
        struct channel *c = &channel[i];
        if (c->kind != EXEC || c->pid != pid) continue;
        c->pid = 0;
        c->code = WIFEXITED(status) ? (uint32_t)WEXITSTATUS(status) : 128u + (uint32_t)WTERMSIG(status);
        c->linger_due = now + LINGER_MS;
        return true;
    }
    return false;
}

/* Sends what can be read at once, one chunk; false when the stream is at its end (or nobody will end it: `give_up`). */
static bool forward(struct channel *c, enum type type, int fd, uint32_t *credit, bool give_up) {
    static uint8_t chunk[CHUNK];
    if (!*credit || !control_room()) return true;
    ssize_t n = read(fd, chunk, *credit < CHUNK ? *credit : CHUNK);
    if (n > 0) {
        control_send(type, c->id, chunk, (uint32_t)n);
        *credit -= (uint32_t)n;
        return true;
    }
    return n < 0 && errno == EAGAIN && !give_up;
}

/* Writes what the program, or the file, takes at once; false when it takes no more. */
static bool feed(struct channel *c) {
    ssize_t n = c->pending_length ? write(c->in, c->pending + c->pending_at, c->pending_length) : 0;
    if (n < 0) return errno == EAGAIN;
    c->pending_at += (size_t)n;
    c->pending_length -= (size_t)n;
    give_credit(c, (uint32_t)n);
    return true;
}

static void turn_program(struct channel *c, int64_t now) {
    /* A daemon that the program left behind may hold its pipes for ever: after a while only what is there is sent. */
    bool give_up = !c->pid && now >= c->linger_due;
    if (!feed(c)) {  /* EPIPE */
        close_fd(&c->in);
        give_credit(c, (uint32_t)c->pending_length);
        c->pending_length = 0;
    }
    if (c->ended && !c->pending_length) close_fd(&c->in);
    if (c->out >= 0 && !forward(c, DATA, c->out, &c->credit, give_up)) {
        close_fd(&c->out);
        control_send(END, c->id, NULL, 0);
    }
    if (c->err >= 0 && !forward(c, ERRDATA, c->err, &c->error_credit, give_up)) close_fd(&c->err);
    if (!c->pid && c->out < 0 && c->err < 0) finish(c, c->code);
}

static bool turn_get(struct channel *c) {
    errno = 0;
    if (forward(c, DATA, c->out, &c->credit, true)) return c->credit && control_room();
    if (errno) return fail(c, "read", strerror(errno));
    control_send(END, c->id, NULL, 0);
    finish(c, 0);
    return false;
}

static bool turn_put(struct channel *c) {
    if (!feed(c)) return fail(c, c->path, strerror(errno));
    if (!c->ended || c->pending_length) return c->pending_length;
    if (fchmod(c->in, c->mode) || rename(c->beside, c->path)) return fail(c, c->path, strerror(errno));
    finish(c, 0);
    return false;
}

bool channels_turn(int64_t now) {
    bool more = false;
    for (int i = 0; i < CHANNELS; i++) {
        if (channel[i].kind == EXEC) turn_program(&channel[i], now);
        else if (channel[i].kind == GET) more |= turn_get(&channel[i]);
        else if (channel[i].kind == PUT) more |= turn_put(&channel[i]);
    }
    return more;
}

int channels_poll(struct pollfd *p, int64_t *due) {
    int count = 0;
    bool room = control_room();
    for (int i = 0; i < CHANNELS; i++) {
        struct channel *c = &channel[i];
        if (c->kind != EXEC) continue;
        if (c->in >= 0 && c->pending_length) p[count++] = (struct pollfd){c->in, POLLOUT, 0};
        if (c->out >= 0 && c->credit && room) p[count++] = (struct pollfd){c->out, POLLIN, 0};
        if (c->err >= 0 && c->error_credit && room) p[count++] = (struct pollfd){c->err, POLLIN, 0};
        bool lingers = !c->pid && room && (c->credit || c->out < 0) && (c->error_credit || c->err < 0);
        *due = lingers && c->linger_due < *due ? c->linger_due : *due;
    }
    return count;
}
