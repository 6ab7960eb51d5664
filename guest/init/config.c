/* The two files of lines that say what to run. Words are decoded in place: the text is the memory. */
#include "init.h"

enum { WORDS_MAX = 256, LINES_MAX = 4096 };

/* `adds`: a later file's lines come behind an earlier one's instead of replacing them. */
static const struct { const char *name; uint8_t least, most; bool adds; } KEY[KEYS] = {
    [K_MODULE] = {"module", 1, 1, false},    [K_LATE] = {"late", 1, 1, false},
    [K_HOSTNAME] = {"hostname", 1, 1, false}, [K_NET] = {"net", 1, 5, false},
    [K_HOST] = {"host", 2, 2, false},        [K_FOLDER] = {"folder", 4, 4, true},
    [K_ENV] = {"env", 2, 2, true},           [K_PRE] = {"pre", 1, 255, false},
    [K_ARG] = {"arg", 1, 1, false},          [K_USER] = {"user", 2, 2, false},
    [K_WORKDIR] = {"workdir", 1, 1, false},  [K_FORKING] = {"forking", 1, 1, false},
    [K_LISTEN] = {"listen", 2, 2, false},    [K_STOP] = {"stop", 1, 1, false},
};

/* Undoes \s \n \t \\ \e in place; false for an unknown escape. */
static bool decode(char *word) {
    static const char letters[] = "snt\\e", meant[] = " \n\t\\";
    char *out = word;
    for (const char *in = word; *in; in++) {
        const char *letter = *in == '\\' && in[1] ? strchr(letters, *++in) : in;
        if (!letter || (letter == in && *in == '\\')) return false;
        if (letter == in) *out++ = *in;
        else if (*letter != 'e') *out++ = meant[letter - letters];
    }
    *out = 0;
    return true;
}

static bool keep(struct config *c, enum key key, char **word, int words) {
    struct list *list = &c->list[key];
    if (!KEY[key].adds && list->source != c->source)
        while (list->count) free(list->line[--list->count]);
    list->source = c->source;
    if (list->count == LINES_MAX) return false;
    list->line = must(realloc(list->line, ((size_t)list->count + 1) * sizeof *list->line));
    char **copy = must(calloc((size_t)words + 1, sizeof *copy));
    memcpy(copy, word, (size_t)words * sizeof *copy);
    list->line[list->count++] = copy;
    return true;
}

static const char *take_line(struct config *c, char *line) {
    char *word[WORDS_MAX];
    int words = 0;
    for (char *at; (at = strsep(&line, " ")); word[words++] = at) {
        if (words == WORDS_MAX) return "more than 256 words";
        if (!*at) return "an empty word (two blanks, or one at the end; \\e is the empty value)";
        if (!decode(at)) return "an escape that is none of \\s \\n \\t \\\\ \\e";
    }
    for (int key = 0; key < KEYS; key++) {
        if (strcmp(word[0], KEY[key].name) == 0) {
            if (words - 1 < KEY[key].least || words - 1 > KEY[key].most) return "a wrong number of values";
            return keep(c, (enum key)key, word + 1, words - 1) ? NULL : "more than 4096 lines of one key";
        }
    }
    return NULL;  /* a key of a later version: not for us */
}

bool config_parse(struct config *c, char *text, size_t length, const char *name, char *error) {
    const char *wrong = strlen(text) == length ? NULL : "a NUL byte";
    int number = 0;
    c->source++;
    for (char *line; !wrong && (line = strsep(&text, "\n")) && (text || *line); ) {
        number++;
        if (!text) wrong = "no newline at the end";
        else if (*line && *line != '#') wrong = take_line(c, line);
    }
    if (wrong) snprintf(error, TEXT_MAX, "%s line %d has %s", name, number, wrong);
    return !wrong;
}

char **config_last(const struct config *c, enum key key) {
    const struct list *list = &c->list[key];
    return list->count ? list->line[list->count - 1] : NULL;
}

const char *config_word(const struct config *c, enum key key, const char *otherwise) {
    char **line = config_last(c, key);
    return line ? line[0] : otherwise;
}

bool parse_number(const char *text, int base, uint32_t max, uint32_t *out) {
    char *end;
    unsigned long value = strtoul(text, &end, base);  /* 64 bits, and saturating: `max` tells */
    *out = (uint32_t)value;
    return *text >= '0' && *text <= '9' && !*end && value <= max;
}

bool parse_user(const char *text, struct user *out) {
    char copy[TEXT_MAX], *rest = copy;
    if ((size_t)snprintf(copy, sizeof copy, "%s", text) >= sizeof copy) return false;
    if (!parse_number(strsep(&rest, ":"), 10, UINT32_MAX - 1, &out->uid)) return false;
    if (!rest) rest = copy;  /* the group of the same number */
    for (out->groups = 0; rest; out->groups++) {
        char *gid = strsep(&rest, ",");
        if (out->groups == GROUPS_MAX || !parse_number(gid, 10, UINT32_MAX - 1, &out->group[out->groups])) return false;
    }
    return true;
}
