/* The library is a quiet guest: errno, signal masks and dispositions, cancellation, working folder
 * and the threads that take the host's signals stay as they were. Needs no daemon. */
#include <arkgrpc.h>

#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"
#include "harness/process_state.h"

enum { MARK = 4711 };

static int port;

#define KEEPS_ERRNO(statement)                                                                     \
    do {                                                                                           \
        errno = MARK;                                                                              \
        statement;                                                                                 \
        check_about(#statement);                                                                   \
        CHECK_INT(errno, MARK);                                                                    \
        check_about(NULL);                                                                         \
    } while (0)

static void errno_is_kept(void) {
    arkgrpc_manager *manager = NULL;
    arkgrpc_client *client = NULL;
    arkgrpc_cancel *cancel = NULL;
    arkgrpc_result *result = NULL;
    arkgrpc_status status;
    char *config = config_for_port(port);
    KEEPS_ERRNO(status = arkgrpc_manager_new(config, ARKGRPC_NTS, &manager, NULL));
    CHECK_INT(status, ARKGRPC_OK);
    KEEPS_ERRNO(status = arkgrpc_manager_new("{", 1, &manager, NULL));
    CHECK_INT(status, ARKGRPC_INVALID_JSON);
    CHECK_INT(arkgrpc_manager_new(config, ARKGRPC_NTS, &manager, NULL), ARKGRPC_OK);
    KEEPS_ERRNO(status = arkgrpc_manager_client(manager, "lnd", 3, &client, NULL));
    /* Fails in the network, with an errno of its own inside. */
    KEEPS_ERRNO(status = arkgrpc_client_call(client, "get_info", 8, "{}", 2, NULL, &result));
    CHECK_INT(status, ARKGRPC_CONNECT_FAILED);
    KEEPS_ERRNO(arkgrpc_result_free(result));
    KEEPS_ERRNO(status = arkgrpc_manager_health_check_all(manager, 200, &result));
    KEEPS_ERRNO(arkgrpc_result_free(result));
    KEEPS_ERRNO(status = arkgrpc_methods(&result));
    KEEPS_ERRNO(arkgrpc_result_free(result));
    KEEPS_ERRNO(cancel = arkgrpc_cancel_new());
    KEEPS_ERRNO(arkgrpc_cancel_trigger(cancel));
    KEEPS_ERRNO(arkgrpc_cancel_free(cancel));
    KEEPS_ERRNO(status = arkgrpc_manager_close(manager, 100, NULL));
    KEEPS_ERRNO(arkgrpc_client_free(client));
    KEEPS_ERRNO(arkgrpc_manager_free(manager));
    free(config);
}

typedef struct {
    struct sigaction actions[65];
    sigset_t mask;
    char folder[4096];
    char locale[128];
} process_settings;

static void read_settings(process_settings *settings) {
    memset(settings, 0, sizeof *settings);
    for (int signal = 1; signal < 65; signal++) {
        /* Fails for the two that the C library keeps for itself, before and after alike. */
        sigaction(signal, NULL, &settings->actions[signal]);
    }
    pthread_sigmask(SIG_BLOCK, NULL, &settings->mask);
    REQUIRE(getcwd(settings->folder, sizeof settings->folder) != NULL);
    strncpy(settings->locale, setlocale(LC_ALL, NULL), sizeof settings->locale - 1);
}

static void use_the_library(int daemon_port) {
    arkgrpc_manager *manager = manager_for_port(daemon_port);
    arkgrpc_client *client = lnd_client(manager);
    call_status(client, "get_info", "{}", 100);
    arkgrpc_manager_close(manager, 500, NULL);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void process_settings_are_kept(void) {
    static process_settings before;
    static process_settings after;
    read_settings(&before);
    use_the_library(port);
    read_settings(&after);
    for (int signal = 1; signal < 65; signal++) {
        CHECK(before.actions[signal].sa_handler == after.actions[signal].sa_handler);
        CHECK_INT(before.actions[signal].sa_flags, after.actions[signal].sa_flags);
        CHECK_INT(sigismember(&before.mask, signal), sigismember(&after.mask, signal));
    }
    CHECK_TEXT(after.folder, before.folder);
    CHECK_TEXT(after.locale, before.locale);
}

static atomic_int signals_taken;
static atomic_int signals_on_foreign_threads;
static pid_t host_thread;

static void take_signal(int number) {
    (void)number;
    atomic_fetch_add(&signals_taken, 1);
    if ((pid_t)syscall(SYS_gettid) != host_thread) {
        atomic_fetch_add(&signals_on_foreign_threads, 1);
    }
}

static void *call_from_another_thread(void *client) {
    call_status(client, "get_info", "{}", 1000);
    return NULL;
}

static bool one_more_signal(void *wanted) {
    return atomic_load(&signals_taken) >= *(int *)wanted;
}

static void signals_of_the_host_are_never_taken_by_our_threads(void) {
    silent_peer peer = open_silent_peer();
    arkgrpc_manager *manager = manager_for_port(peer.port);
    arkgrpc_client *client = lnd_client(manager);
    struct sigaction action;
    sigset_t usr1;
    pthread_t caller;
    memset(&action, 0, sizeof action);
    action.sa_handler = take_signal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, NULL);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    host_thread = (pid_t)syscall(SYS_gettid);

    /* The calling thread blocks the signal, so that only this one and the library's could take it;
     * while this one blocks it too, a library thread that did not would get it. */
    pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    REQUIRE(pthread_create(&caller, NULL, call_from_another_thread, client) == 0);
    for (int i = 0; i < 20; i++) {
        kill(getpid(), SIGUSR1);
        short_pause();
    }
    CHECK_INT(atomic_load(&signals_taken), 0);
    int wanted = 1;
    pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
    CHECK(wait_until(one_more_signal, &wanted, 5000));
    CHECK_INT(atomic_load(&signals_on_foreign_threads), 0);
    pthread_join(caller, NULL);
    signal(SIGUSR1, SIG_DFL);
    arkgrpc_client_free(client);
    arkgrpc_manager_close(manager, 100, NULL);
    arkgrpc_manager_free(manager);
    close_silent_peer(&peer);
}

static atomic_bool came_back;

static void *call_with_a_cancellation_pending(void *client) {
    arkgrpc_result *result = NULL;
    int state;
    pthread_cancel(pthread_self());
    arkgrpc_status status = call(client, "get_info", "{}", 100, &result);
    arkgrpc_result_free(result);
    atomic_store(&came_back, status == ARKGRPC_DEADLINE_EXCEEDED);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    CHECK_INT(state, PTHREAD_CANCEL_ENABLE);
    pthread_testcancel();
    return NULL;
}

static void a_call_is_no_cancellation_point(void) {
    silent_peer peer = open_silent_peer();
    arkgrpc_manager *manager = manager_for_port(peer.port);
    arkgrpc_client *client = lnd_client(manager);
    pthread_t caller;
    void *outcome = NULL;
    REQUIRE(pthread_create(&caller, NULL, call_with_a_cancellation_pending, client) == 0);
    pthread_join(caller, &outcome);
    CHECK(atomic_load(&came_back));
    CHECK(outcome == PTHREAD_CANCELED);
    CHECK_INT(call_status(client, "get_info", "{}", 50), ARKGRPC_DEADLINE_EXCEEDED);
    arkgrpc_client_free(client);
    arkgrpc_manager_close(manager, 100, NULL);
    arkgrpc_manager_free(manager);
    close_silent_peer(&peer);
}

static atomic_bool inside;

static void *call_and_be_cancelled_inside(void *client) {
    arkgrpc_result *result = NULL;
    atomic_store(&inside, true);
    arkgrpc_status status = call(client, "get_info", "{}", 500, &result);
    atomic_store(&came_back, status == ARKGRPC_DEADLINE_EXCEEDED && result != NULL);
    arkgrpc_result_free(result);
    pthread_testcancel();
    return NULL;
}

static bool is_inside(void *unused) {
    (void)unused;
    return atomic_load(&inside);
}

/* The call waits for a peer that says nothing when the cancellation comes: it waits on. */
static void a_thread_that_is_cancelled_inside_a_call_finishes_it(void) {
    silent_peer peer = open_silent_peer();
    arkgrpc_manager *manager = manager_for_port(peer.port);
    arkgrpc_client *client = lnd_client(manager);
    pthread_t caller;
    void *outcome = NULL;
    int64_t start = now_ms();
    atomic_store(&came_back, false);
    REQUIRE(pthread_create(&caller, NULL, call_and_be_cancelled_inside, client) == 0);
    REQUIRE(wait_until(is_inside, NULL, 10000));
    short_pause();
    REQUIRE(pthread_cancel(caller) == 0);
    pthread_join(caller, &outcome);
    CHECK_BETWEEN(now_ms() - start, 500, 500 + SLACK_MS);
    CHECK(atomic_load(&came_back));
    CHECK(outcome == PTHREAD_CANCELED);
    CHECK_INT(call_status(client, "get_info", "{}", 50), ARKGRPC_DEADLINE_EXCEEDED);
    arkgrpc_client_free(client);
    arkgrpc_manager_close(manager, 100, NULL);
    arkgrpc_manager_free(manager);
    close_silent_peer(&peer);
}

static void *use_it_on_a_small_stack(void *unused) {
    (void)unused;
    use_the_library(port);
    return NULL;
}

static void small_stacks_suffice(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    REQUIRE(pthread_attr_setstacksize(&attributes, (size_t)64 << 10) == 0);
    REQUIRE(pthread_create(&thread, &attributes, use_it_on_a_small_stack, NULL) == 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
}

int main(void) {
    port = closed_port();
    RUN(errno_is_kept);
    RUN(process_settings_are_kept);
    RUN(signals_of_the_host_are_never_taken_by_our_threads);
    RUN(a_call_is_no_cancellation_point);
    RUN(a_thread_that_is_cancelled_inside_a_call_finishes_it);
    RUN(small_stacks_suffice);
    return finish_checks();
}
