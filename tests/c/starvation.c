/* A host whose threads get no processor, or stand still, or cannot be started: no caller is held
 * past its deadline and the grace, and no call ends the process. Needs no daemon. */
#include <arkgrpc.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "harness/check.h"
#include "harness/frozen_thread.h"
#include "harness/library.h"
#include "harness/loopback.h"
#include "harness/process_state.h"

enum { BUSY_THREADS = 64, DEADLINE_MS = 300, GRACE_MS = 250, ROUNDS = 4 };

static silent_peer peer;

/* A read and a write that nobody answers come back in time and know that nothing was sent. */
static void ends_by_its_deadline(const arkgrpc_client *client, const char *method,
                                 const char *params) {
    arkgrpc_result *result = NULL;
    int64_t start = now_ms();
    CHECK_INT(call(client, method, params, DEADLINE_MS, &result), ARKGRPC_DEADLINE_EXCEEDED);
    CHECK_BETWEEN(now_ms() - start, DEADLINE_MS, DEADLINE_MS + GRACE_MS + SLACK_MS);
    CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
    arkgrpc_result_free(result);
}

static void both_end_by_their_deadline(const arkgrpc_client *client) {
    ends_by_its_deadline(client, ARKGRPC_METHOD_LND_GET_INFO, "{}");
    ends_by_its_deadline(client, ARKGRPC_METHOD_LND_ADD_INVOICE, "{\"amount\":1000}");
}

/* Nobody looked whether an earlier call with this id was executed: this one may not say no. */
static void a_named_write_stays_open(const arkgrpc_client *client) {
    static const char params[] =
        "{\"amount\":1000,\"preimage\":"
        "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}";
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    arkgrpc_result *result = NULL;
    options.timeout_ms = DEADLINE_MS;
    options.operation_id = "rent";
    options.operation_id_len = ARKGRPC_NTS;
    CHECK_INT(arkgrpc_client_call(client, ARKGRPC_METHOD_LND_ADD_INVOICE, ARKGRPC_NTS, params,
                                  ARKGRPC_NTS, &options, &result),
              ARKGRPC_DEADLINE_EXCEEDED);
    CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_UNKNOWN);
    CHECK_CONTAINS(arkgrpc_result_json(result), "\"method\":\"lookup_invoice\"");
    arkgrpc_result_free(result);
}

static atomic_bool stop;

static void *be_busy(void *unused) {
    (void)unused;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
    }
    return NULL;
}

static void busy_threads_of_the_host(void) {
    pthread_t busy[BUSY_THREADS];
    arkgrpc_manager *manager = manager_for_port(peer.port);
    arkgrpc_client *client = lnd_client(manager);
    atomic_store(&stop, false);
    for (int i = 0; i < BUSY_THREADS; i++) {
        REQUIRE(pthread_create(&busy[i], NULL, be_busy, NULL) == 0);
    }
    for (int round = 0; round < ROUNDS; round++) {
        both_end_by_their_deadline(client);
    }
    int64_t start = now_ms();
    arkgrpc_manager_close(manager, DEADLINE_MS, NULL);
    CHECK_BETWEEN(now_ms() - start, 0, DEADLINE_MS + GRACE_MS + SLACK_MS);
    atomic_store(&stop, true);
    for (int i = 0; i < BUSY_THREADS; i++) {
        pthread_join(busy[i], NULL);
    }
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

/* Freezes every thread that is not the host's own; returns how many. */
static int freeze_threads_of_the_library(pid_t *frozen) {
    pid_t all[MOST_THREADS];
    int count = list_threads(all);
    int stopped = 0;
    for (int i = 0; i < count; i++) {
        if (all[i] != own_thread_id() && freeze(all[i])) {
            frozen[stopped++] = all[i];
        }
    }
    return stopped;
}

static void threads_of_the_library_that_stand_still(void) {
    pid_t frozen[MOST_THREADS];
    REQUIRE(wait_for_threads(1, 10000));
    arkgrpc_manager *manager = manager_for_port(peer.port);
    arkgrpc_client *client = lnd_client(manager);
    both_end_by_their_deadline(client);
    int count = freeze_threads_of_the_library(frozen);
    printf("%d threads of the library stand still\n", count);
    for (int round = 0; round < ROUNDS; round++) {
        both_end_by_their_deadline(client);
    }
    a_named_write_stays_open(client);
    for (int i = 0; i < count; i++) {
        thaw(frozen[i]);
    }
    both_end_by_their_deadline(client);

    count = freeze_threads_of_the_library(frozen);
    int64_t start = now_ms();
    arkgrpc_manager_close(manager, DEADLINE_MS, NULL);
    CHECK_BETWEEN(now_ms() - start, 0, DEADLINE_MS + 2 * SLACK_MS);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
    CHECK_BETWEEN(now_ms() - start, 0, DEADLINE_MS + 2 * SLACK_MS);
    for (int i = 0; i < count; i++) {
        thaw(frozen[i]);
    }
    CHECK(wait_for_threads(1, 10000));
}

typedef struct {
    const arkgrpc_client *client;
    arkgrpc_cancel *cancel;
    atomic_int thread;
    arkgrpc_status status;
} endless_call;

static void *call_endlessly(void *argument) {
    endless_call *own = argument;
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    arkgrpc_result *result = NULL;
    options.timeout_ms = ARKGRPC_TIMEOUT_INFINITE;
    options.cancel = own->cancel;
    atomic_store(&own->thread, own_thread_id());
    own->status = arkgrpc_client_call(own->client, ARKGRPC_METHOD_LND_GET_INFO, ARKGRPC_NTS, "{}",
                                      ARKGRPC_NTS, &options, &result);
    arkgrpc_result_free(result);
    return NULL;
}

static bool sleeps_in_its_call(void *argument) {
    endless_call *other = argument;
    pid_t thread = atomic_load(&other->thread);
    return thread != 0 && is_asleep(thread);
}

/* Whoever waits in a call may be doing the work of all; the others must not depend on it. */
static void another_caller_that_stands_still(void) {
    arkgrpc_manager *manager = manager_for_port(peer.port);
    endless_call other = {lnd_client(manager), arkgrpc_cancel_new(), 0, ARKGRPC_OK};
    pthread_t caller;
    REQUIRE(pthread_create(&caller, NULL, call_endlessly, &other) == 0);
    for (int looks = 0; looks < 10; looks++) {
        REQUIRE(wait_until(sleeps_in_its_call, &other, 10000));
        short_pause();
    }
    pid_t thread = atomic_load(&other.thread);
    REQUIRE(freeze(thread));
    for (int round = 0; round < ROUNDS; round++) {
        both_end_by_their_deadline(other.client);
    }
    int64_t start = now_ms();
    arkgrpc_cancel_trigger(other.cancel);
    arkgrpc_manager_reconnect(manager, NULL, 0, NULL);
    CHECK_BETWEEN(now_ms() - start, 0, SLACK_MS);
    thaw(thread);
    pthread_join(caller, NULL);
    CHECK_INT(other.status, ARKGRPC_CANCELLED);
    both_end_by_their_deadline(other.client);
    arkgrpc_cancel_free(other.cancel);
    arkgrpc_client_free((arkgrpc_client *)other.client);
    CHECK_INT(arkgrpc_manager_close(manager, 1000, NULL), ARKGRPC_OK);
    arkgrpc_manager_free(manager);
}

static void *stand_by(void *thread) {
    atomic_store((atomic_int *)thread, own_thread_id());
    return be_busy(NULL);
}

static bool has_its_number(void *thread) {
    return atomic_load((atomic_int *)thread) != 0;
}

/* Whether this machine lets a process stop single threads of another one. */
static bool freezing_works(void) {
    static atomic_int number;
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, stand_by, &number) == 0);
    REQUIRE(wait_until(has_its_number, &number, 10000));
    bool works = freeze(atomic_load(&number));
    if (works) {
        thaw(atomic_load(&number));
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    return works;
}

int main(void) {
    start_freezer();
    if (!freezing_works()) {
        skip_program("single threads cannot be stopped here: tracing is not allowed");
    }
    peer = open_silent_peer();
    RUN(busy_threads_of_the_host);
    RUN(threads_of_the_library_that_stand_still);
    RUN(another_caller_that_stands_still);
    close_silent_peer(&peer);
    end_freezer();
    return finish_checks();
}
