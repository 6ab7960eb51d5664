/* What the tests share: checks, one TAP line per named case, seeded chance, exact copies for the sanitizer. */
#pragma once
#include "init.h"

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
void check(bool holds, const char *what, const char *file, int line);
void run(const char *name, void (*test)(void));
uint32_t next(uint32_t bound);                       /* 0 to bound - 1, the same in every run */
void *exact(const void *bytes, size_t length);       /* on the heap, so that one byte too far is seen; free it */
void mutate(uint8_t *bytes, size_t length);
extern int64_t test_now;                             /* what now_ms() says */

void test_parsers(void);
void test_log(void);
void test_channels(void);
