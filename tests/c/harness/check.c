/* Counts and prints the assertions of check.h; usable from any thread. */
#include "check.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_int checks;
static atomic_int failures;
static int cases;
static const char *current_case = "main";
static _Thread_local const char *about;

static bool count(bool held) {
    atomic_fetch_add(&checks, 1);
    if (!held) {
        atomic_fetch_add(&failures, 1);
    }
    return held;
}

static void print_place(const char *file, int line) {
    printf("%s:%d: %s: ", file, line, current_case);
    if (about != NULL) {
        printf("[%s] ", about);
    }
}

bool check_true(const char *file, int line, const char *text, bool held) {
    if (!count(held)) {
        print_place(file, line);
        printf("does not hold: %s\n", text);
    }
    return held;
}

bool check_int(const char *file, int line, const char *text, int64_t actual, int64_t expected) {
    if (!count(actual == expected)) {
        print_place(file, line);
        printf("%s is %" PRId64 ", expected %" PRId64 "\n", text, actual, expected);
    }
    return actual == expected;
}

bool check_text(const char *file, int line, const char *text, const char *actual,
                const char *expected) {
    bool held = actual != NULL && strcmp(actual, expected) == 0;
    if (!count(held)) {
        print_place(file, line);
        printf("%s is \"%s\", expected \"%s\"\n", text, actual == NULL ? "(NULL)" : actual,
               expected);
    }
    return held;
}

bool check_contains(const char *file, int line, const char *name, const char *text,
                    const char *part) {
    bool held = text != NULL && strstr(text, part) != NULL;
    if (!count(held)) {
        print_place(file, line);
        printf("%s lacks \"%s\": \"%s\"\n", name, part, text == NULL ? "(NULL)" : text);
    }
    return held;
}

bool check_between(const char *file, int line, const char *text, int64_t actual, int64_t low,
                   int64_t high) {
    bool held = actual >= low && actual <= high;
    if (!count(held)) {
        print_place(file, line);
        printf("%s is %" PRId64 ", expected %" PRId64 " to %" PRId64 "\n", text, actual, low, high);
    }
    return held;
}

void check_required(const char *file, int line, const char *text, bool held) {
    if (!count(held)) {
        print_place(file, line);
        printf("cannot go on without: %s\n", text);
        fflush(stdout);
        exit(EXIT_FAILURE);
    }
}

void check_about(const char *subject) {
    about = subject;
}

void run_case(const char *name, void (*test_case)(void)) {
    int before = atomic_load(&failures);
    current_case = name;
    cases++;
    test_case();
    check_about(NULL);
    printf("%s %s\n", atomic_load(&failures) == before ? "ok" : "FAILED", name);
    fflush(stdout);
}

bool checks_failed(void) {
    return atomic_load(&failures) > 0;
}

int finish_checks(void) {
    int failed = atomic_load(&failures);
    printf("%d checks in %d cases, %d failed\n", atomic_load(&checks), cases, failed);
    /* A program that checked nothing has proven nothing. */
    return failed == 0 && atomic_load(&checks) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

void skip_program(const char *reason) {
    printf("SKIP: %s\n", reason);
    fflush(stdout);
    exit(EXIT_SKIPPED);
}
