/* Loaded before the C library, this lets the n-th connect, receive or send on a TCP socket of the
 * process fail, once. What happens then is judged by the scenario runner (suite "torture").
 *
 *     ARKGRPC_FAILING_CALL    CALL:NUMBER:FAULT, CALL being connect, receive or send; FAULT an
 * error of the list below, or short (one byte goes through), or end (of file),
 *                             or crash, for the control
 *     ARKGRPC_FAILING_REPORT  file for two numbers at exit: such calls made, and failures among
 * them
 *
 * Receives that would find nothing are not counted: when they come is a matter of chance. */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CONNECT, RECEIVE, SEND, NOTHING };
enum { SHORT = -1, END = -2, CRASH = -3 };

static int failing_call = NOTHING;
static long failing_number;
static int failing_fault;
static atomic_long calls;
static atomic_long failures;

static void find_next(const char *name, void *function) {
    void *symbol = dlsym(RTLD_NEXT, name);
    memcpy(function, &symbol, sizeof symbol);
}

static int fault_of(const char *name) {
    static const struct {
        const char *name;
        int fault;
    } faults[] = {{"ECONNREFUSED", ECONNREFUSED},
                  {"ECONNRESET", ECONNRESET},
                  {"EPIPE", EPIPE},
                  {"EINTR", EINTR},
                  {"ETIMEDOUT", ETIMEDOUT},
                  {"ENETUNREACH", ENETUNREACH},
                  {"short", SHORT},
                  {"end", END},
                  {"crash", CRASH}};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        if (strcmp(faults[i].name, name) == 0) {
            return faults[i].fault;
        }
    }
    return 0;
}

__attribute__((constructor)) static void read_order(void) {
    static const char *const names[] = {"connect", "receive", "send"};
    char call[16];
    char fault[16];
    const char *text = getenv("ARKGRPC_FAILING_CALL");
    if (text == NULL ||
        sscanf(text, "%15[a-z]:%ld:%15[A-Za-z]", call, &failing_number, fault) != 3) {
        return;
    }
    failing_fault = fault_of(fault);
    for (int i = 0; i < NOTHING && failing_fault != 0; i++) {
        if (strcmp(names[i], call) == 0) {
            failing_call = i;
        }
    }
}

__attribute__((destructor)) static void write_report(void) {
    const char *path = getenv("ARKGRPC_FAILING_REPORT");
    FILE *file = path == NULL ? NULL : fopen(path, "w");
    if (file != NULL) {
        fprintf(file, "%ld %ld\n", atomic_load(&calls), atomic_load(&failures));
        fclose(file);
    }
}

static bool is_tcp(int descriptor) {
    int domain = 0;
    int type = 0;
    socklen_t size = sizeof domain;
    int kept = errno;
    bool is = getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
              getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
              (domain == AF_INET || domain == AF_INET6) && type == SOCK_STREAM;
    errno = kept;
    return is;
}

/* Whether this call of this process is the one that must fail. */
static bool fails(int call, int descriptor) {
    if (call != failing_call || !is_tcp(descriptor) ||
        atomic_fetch_add(&calls, 1) + 1 != failing_number) {
        return false;
    }
    atomic_fetch_add(&failures, 1);
    if (failing_fault == CRASH) {
        abort();
    }
    return true;
}

static bool finds_something(int descriptor) {
    static ssize_t (*original)(int, void *, size_t, int);
    char byte;
    int kept = errno;
    if (original == NULL) {
        find_next("recv", &original);
    }
    bool found = original(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
    errno = kept;
    return found;
}

/* glibc declares the address as a union of all pointers to addresses. */
int connect(int descriptor, __CONST_SOCKADDR_ARG address, socklen_t size) {
    static int (*original)(int, __CONST_SOCKADDR_ARG, socklen_t);
    if (original == NULL) {
        find_next("connect", &original);
    }
    if (fails(CONNECT, descriptor)) {
        errno = failing_fault;
        return -1;
    }
    return original(descriptor, address, size);
}

/* How a receive of `length` bytes fails: by returning at once, or with less in `length`. */
static bool receive_is_over(int descriptor, size_t *length, ssize_t *outcome) {
    if (failing_call != RECEIVE || *length == 0 || !finds_something(descriptor) ||
        !fails(RECEIVE, descriptor)) {
        return false;
    }
    if (failing_fault == SHORT) {
        *length = 1;
        return false;
    }
    *outcome = failing_fault == END ? 0 : -1;
    errno = failing_fault == END ? errno : failing_fault;
    return true;
}

static bool send_is_over(int descriptor, size_t *length, ssize_t *outcome) {
    if (*length == 0 || !fails(SEND, descriptor)) {
        return false;
    }
    if (failing_fault == SHORT) {
        *length = 1;
        return false;
    }
    *outcome = -1;
    errno = failing_fault;
    return true;
}

ssize_t recv(int descriptor, void *buffer, size_t length, int flags) {
    static ssize_t (*original)(int, void *, size_t, int);
    ssize_t outcome;
    if (original == NULL) {
        find_next("recv", &original);
    }
    return receive_is_over(descriptor, &length, &outcome)
               ? outcome
               : original(descriptor, buffer, length, flags);
}

ssize_t read(int descriptor, void *buffer, size_t length) {
    static ssize_t (*original)(int, void *, size_t);
    ssize_t outcome;
    if (original == NULL) {
        find_next("read", &original);
    }
    return receive_is_over(descriptor, &length, &outcome) ? outcome
                                                          : original(descriptor, buffer, length);
}

ssize_t send(int descriptor, const void *buffer, size_t length, int flags) {
    static ssize_t (*original)(int, const void *, size_t, int);
    ssize_t outcome;
    if (original == NULL) {
        find_next("send", &original);
    }
    return send_is_over(descriptor, &length, &outcome)
               ? outcome
               : original(descriptor, buffer, length, flags);
}

ssize_t write(int descriptor, const void *buffer, size_t length) {
    static ssize_t (*original)(int, const void *, size_t);
    ssize_t outcome;
    if (original == NULL) {
        find_next("write", &original);
    }
    return send_is_over(descriptor, &length, &outcome) ? outcome
                                                       : original(descriptor, buffer, length);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    static ssize_t (*original)(int, const struct iovec *, int);
    ssize_t outcome;
    if (original == NULL) {
        find_next("writev", &original);
    }
    if (count > 0 && parts[0].iov_len > 0) {
        struct iovec first = parts[0];
        size_t length = first.iov_len;
        if (send_is_over(descriptor, &length, &outcome)) {
            return outcome;
        }
        if (length != first.iov_len) {
            first.iov_len = length;
            return original(descriptor, &first, 1);
        }
    }
    return original(descriptor, parts, count);
}
