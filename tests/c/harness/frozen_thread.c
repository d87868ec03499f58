/* See frozen_thread.h. */
#include "frozen_thread.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

typedef struct {
    bool freeze;
    pid_t thread;
} order;

static int line = -1;
static pid_t freezer = -1;

pid_t own_thread_id(void) {
    return (pid_t)syscall(SYS_gettid);
}

static bool obey(const order *what) {
    if (!what->freeze) {
        return ptrace(PTRACE_DETACH, what->thread, NULL, NULL) == 0;
    }
    if (ptrace(PTRACE_SEIZE, what->thread, NULL, NULL) != 0 ||
        ptrace(PTRACE_INTERRUPT, what->thread, NULL, NULL) != 0) {
        return false;
    }
    int state = 0;
    return waitpid(what->thread, &state, __WALL) == what->thread && WIFSTOPPED(state);
}

static bool send_order(bool freezing, pid_t thread) {
    order what;
    bool done = false;
    /* No padding byte leaves this process undefined. */
    memset(&what, 0, sizeof what);
    what.freeze = freezing;
    what.thread = thread;
    REQUIRE(send(line, &what, sizeof what, MSG_NOSIGNAL) == (ssize_t)sizeof what);
    REQUIRE(recv(line, &done, sizeof done, 0) == (ssize_t)sizeof done);
    return done;
}

void start_freezer(void) {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    fflush(stdout);
    freezer = fork();
    REQUIRE(freezer >= 0);
    if (freezer == 0) {
        order what;
        close(ends[0]);
        /* The end of this process lets all its threads run on. */
        while (recv(ends[1], &what, sizeof what, 0) == (ssize_t)sizeof what) {
            bool done = obey(&what);
            if (send(ends[1], &done, sizeof done, MSG_NOSIGNAL) != (ssize_t)sizeof done) {
                break;
            }
        }
        _exit(EXIT_SUCCESS);
    }
    close(ends[1]);
    line = ends[0];
    /* Fails where the security module that asks for it is absent, which is as good. */
    prctl(PR_SET_PTRACER, freezer);
}

bool freeze(pid_t thread) {
    return send_order(true, thread);
}

void thaw(pid_t thread) {
    REQUIRE(send_order(false, thread));
}

void end_freezer(void) {
    close(line);
    REQUIRE(waitpid(freezer, NULL, 0) == freezer);
}

bool is_asleep(pid_t thread) {
    char path[64];
    char text[512];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    /* The state follows the name, which is in parentheses. */
    const char *end = strrchr(text, ')');
    return end != NULL && strncmp(end, ") S", 3) == 0;
}

int list_threads(pid_t *threads) {
    DIR *directory = opendir("/proc/self/task");
    int count = 0;
    REQUIRE(directory != NULL);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        if (entry->d_name[0] != '.' && count < MOST_THREADS) {
            threads[count++] = (pid_t)atoi(entry->d_name);
        }
    }
    closedir(directory);
    return count;
}
