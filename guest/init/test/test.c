/* Unit and mutation tests of init, built with the sanitizers from the sources of build/init. Output: TAP. */
#include "test.h"

static int cases, failed_cases, failures;
int64_t test_now = 1000;

/* What main.c gives. */
struct config config;
struct user app_user;
int64_t now_ms(void) { return test_now; }
void stop_asked(void) { }
void signal_app(int signal) { (void)signal; }
void *must(void *allocated) { return allocated ? allocated : (abort(), NULL); }
void die(int code) { exit(code); }

void check(bool holds, const char *what, const char *file, int line) {
    if (!holds && failures++ < 5) printf("# %s:%d: not true: %s\n", file, line, what);
}

void run(const char *name, void (*test)(void)) {
    failures = 0;
    test();
    failed_cases += failures > 0;
    printf("%sok %d - %s\n", failures ? "not " : "", ++cases, name);
}

static uint32_t seed = 1;
uint32_t next(uint32_t bound) {
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)seed * bound >> 32);
}

void *exact(const void *bytes, size_t length) {
    void *copy = must(malloc(length ? length : 1));
    memcpy(copy, bytes, length);
    return copy;
}

void mutate(uint8_t *bytes, size_t length) {
    for (uint32_t i = next(8) + 1; i && length; i--) bytes[next((uint32_t)length)] = (uint8_t)next(256);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);  /* a sanitizer's abort must not swallow what was said before */
    alarm(120);                        /* a test that hangs fails */
    test_parsers();
    test_log();
    test_channels();
    printf("1..%d\n", cases);
    return failed_cases != 0;
}
