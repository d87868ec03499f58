/* See process_state.h. */
#include "process_state.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void short_pause(void) {
    poll(NULL, 0, 5);
}

bool wait_until(bool (*holds)(void *context), void *context, int64_t limit_ms) {
    int64_t end = now_ms() + limit_ms;
    while (!holds(context)) {
        if (now_ms() >= end) {
            return false;
        }
        short_pause();
    }
    return true;
}

static int entries_of(const char *folder) {
    DIR *directory = opendir(folder);
    int entries = 0;
    REQUIRE(directory != NULL);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        entries += entry->d_name[0] != '.';
    }
    closedir(directory);
    return entries;
}

int thread_count(void) {
    return entries_of("/proc/self/task");
}

int descriptor_count(void) {
    /* One entry is the descriptor that reads the folder. */
    return entries_of("/proc/self/fd") - 1;
}

static bool has_at_most(void *most) {
    return thread_count() <= *(int *)most;
}

bool wait_for_threads(int most, int64_t limit_ms) {
    return wait_until(has_at_most, &most, limit_ms);
}

static bool has_at_most_descriptors(void *most) {
    return descriptor_count() <= *(int *)most;
}

bool wait_for_descriptors(int most, int64_t limit_ms) {
    return wait_until(has_at_most_descriptors, &most, limit_ms);
}

static int kept_stdout = -1;
static int kept_stderr = -1;
static FILE *captured;

void begin_capture(void) {
    REQUIRE(captured == NULL);
    fflush(stdout);
    fflush(stderr);
    captured = tmpfile();
    REQUIRE(captured != NULL);
    kept_stdout = dup(STDOUT_FILENO);
    kept_stderr = dup(STDERR_FILENO);
    REQUIRE(dup2(fileno(captured), STDOUT_FILENO) == STDOUT_FILENO);
    REQUIRE(dup2(fileno(captured), STDERR_FILENO) == STDERR_FILENO);
}

char *end_capture(size_t *length) {
    fflush(stdout);
    fflush(stderr);
    dup2(kept_stdout, STDOUT_FILENO);
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stdout);
    close(kept_stderr);

    fseek(captured, 0, SEEK_END);
    long size = ftell(captured);
    REQUIRE(size >= 0);
    char *text = calloc((size_t)size + 1, 1);
    REQUIRE(text != NULL);
    rewind(captured);
    REQUIRE(fread(text, 1, (size_t)size, captured) == (size_t)size);
    fclose(captured);
    captured = NULL;
    if (length != NULL) {
        *length = (size_t)size;
    }
    return text;
}
