/* Assertions of the C tests: a failed one prints where and what, and the program goes on, so that
 * one run shows every failure. finish_checks() prints the count line and gives the exit code. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdbool.h>
#include <stdint.h>

/* The exit code that ctest reads as "skipped". */
enum { EXIT_SKIPPED = 77 };

#define CHECK(condition) check_true(__FILE__, __LINE__, #condition, (condition))
#define CHECK_INT(actual, expected)                                                                \
    check_int(__FILE__, __LINE__, #actual, (int64_t)(actual), (int64_t)(expected))
#define CHECK_TEXT(actual, expected) check_text(__FILE__, __LINE__, #actual, (actual), (expected))
#define CHECK_CONTAINS(text, part) check_contains(__FILE__, __LINE__, #text, (text), (part))
/* At least `low` and at most `high`, both included. */
#define CHECK_BETWEEN(actual, low, high)                                                           \
    check_between(__FILE__, __LINE__, #actual, (int64_t)(actual), (int64_t)(low), (int64_t)(high))
/* For what a test cannot go on without: prints the reason and ends the program. */
#define REQUIRE(condition) check_required(__FILE__, __LINE__, #condition, (condition))
#define RUN(test_case) run_case(#test_case, (test_case))

bool check_true(const char *file, int line, const char *text, bool held);
bool check_int(const char *file, int line, const char *text, int64_t actual, int64_t expected);
bool check_text(const char *file, int line, const char *text, const char *actual,
                const char *expected);
bool check_contains(const char *file, int line, const char *name, const char *text,
                    const char *part);
bool check_between(const char *file, int line, const char *text, int64_t actual, int64_t low,
                   int64_t high);
void check_required(const char *file, int line, const char *text, bool held);

/* Names what the checks of this thread are about until the next call; NULL for nothing. */
void check_about(const char *subject);

void run_case(const char *name, void (*test_case)(void));
/* Whether any check has failed so far. */
bool checks_failed(void);
/* Prints "N checks in M cases, F failed" and returns the program's exit code. */
int finish_checks(void);
/* Prints "SKIP: reason" and ends the program with EXIT_SKIPPED. */
void skip_program(const char *reason);

#endif
