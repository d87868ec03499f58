/* Cancel tokens: sticky, shared by many calls, freed at any time. Needs no daemon. */
#include <arkgrpc.h>

#include <pthread.h>
#include <stdatomic.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"
#include "harness/process_state.h"

enum { CALLS = 8 };

static arkgrpc_client *client;

typedef struct {
    pthread_t thread;
    const arkgrpc_cancel *cancel;
    uint64_t timeout_ms;
    atomic_bool under_way;
    atomic_bool back;
    arkgrpc_status status;
    int32_t executed;
} waiting_call;

static void *wait_in_a_call(void *argument) {
    waiting_call *waiting = argument;
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    arkgrpc_result *result = NULL;
    options.timeout_ms = waiting->timeout_ms;
    options.cancel = waiting->cancel;
    atomic_store(&waiting->under_way, true);
    waiting->status = arkgrpc_client_call(client, "get_info", 8, "{}", 2, &options, &result);
    waiting->executed = arkgrpc_result_executed(result);
    arkgrpc_result_free(result);
    atomic_store(&waiting->back, true);
    return NULL;
}

static bool is_under_way(void *waiting) {
    return atomic_load(&((waiting_call *)waiting)->under_way);
}

static bool is_back(void *waiting) {
    return atomic_load(&((waiting_call *)waiting)->back);
}

static void start_waiting(waiting_call *waiting, const arkgrpc_cancel *cancel,
                          uint64_t timeout_ms) {
    atomic_init(&waiting->under_way, false);
    atomic_init(&waiting->back, false);
    waiting->cancel = cancel;
    waiting->timeout_ms = timeout_ms;
    REQUIRE(pthread_create(&waiting->thread, NULL, wait_in_a_call, waiting) == 0);
    CHECK(wait_until(is_under_way, waiting, 10000));
    /* The thread says so just before it calls; the peer never answers, so it stays inside. */
    for (int looks = 0; looks < 10; looks++) {
        short_pause();
    }
    CHECK(!is_back(waiting));
}

static void another_thread_ends_all_calls_of_a_token(void) {
    static waiting_call waiting[CALLS];
    arkgrpc_cancel *cancel = arkgrpc_cancel_new();
    for (int i = 0; i < CALLS; i++) {
        start_waiting(&waiting[i], cancel, i % 2 == 0 ? ARKGRPC_TIMEOUT_INFINITE : 60000);
    }
    int64_t start = now_ms();
    arkgrpc_cancel_trigger(cancel);
    for (int i = 0; i < CALLS; i++) {
        pthread_join(waiting[i].thread, NULL);
        CHECK_INT(waiting[i].status, ARKGRPC_CANCELLED);
        CHECK_INT(waiting[i].executed, ARKGRPC_EXECUTED_NO);
    }
    CHECK_BETWEEN(now_ms() - start, 0, SLACK_MS);
    arkgrpc_cancel_free(cancel);
}

static void a_triggered_token_stays_triggered(void) {
    arkgrpc_cancel *cancel = arkgrpc_cancel_new();
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    arkgrpc_cancel_trigger(cancel);
    arkgrpc_cancel_trigger(cancel);
    options.cancel = cancel;
    options.timeout_ms = ARKGRPC_TIMEOUT_INFINITE;
    for (int i = 0; i < 3; i++) {
        arkgrpc_result *result = NULL;
        int64_t start = now_ms();
        CHECK_INT(arkgrpc_client_call(client, "add_invoice", ARKGRPC_NTS, "{\"amount\":1}",
                                      ARKGRPC_NTS, &options, &result),
                  ARKGRPC_CANCELLED);
        CHECK_BETWEEN(now_ms() - start, 0, SLACK_MS);
        CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
        CHECK_CONTAINS(arkgrpc_result_json(result), "\"code\":\"CANCELLED\"");
        arkgrpc_result_free(result);
    }
    arkgrpc_cancel_free(cancel);
}

static void freeing_a_token_does_not_trigger_it(void) {
    waiting_call waiting;
    arkgrpc_cancel *cancel = arkgrpc_cancel_new();
    start_waiting(&waiting, cancel, 800);
    arkgrpc_cancel_free(cancel);
    arkgrpc_cancel_trigger(cancel);
    arkgrpc_cancel_free(cancel);
    pthread_join(waiting.thread, NULL);
    CHECK_INT(waiting.status, ARKGRPC_DEADLINE_EXCEEDED);
}

static void a_token_may_be_freed_right_after_the_trigger(void) {
    waiting_call waiting;
    arkgrpc_cancel *cancel = arkgrpc_cancel_new();
    start_waiting(&waiting, cancel, ARKGRPC_TIMEOUT_INFINITE);
    arkgrpc_cancel_trigger(cancel);
    arkgrpc_cancel_free(cancel);
    CHECK(wait_until(is_back, &waiting, SLACK_MS));
    pthread_join(waiting.thread, NULL);
    CHECK_INT(waiting.status, ARKGRPC_CANCELLED);
}

static void other_calls_go_on(void) {
    waiting_call cancelled;
    waiting_call unaffected;
    arkgrpc_cancel *cancel = arkgrpc_cancel_new();
    arkgrpc_cancel *other = arkgrpc_cancel_new();
    start_waiting(&cancelled, cancel, ARKGRPC_TIMEOUT_INFINITE);
    start_waiting(&unaffected, other, 1500);
    arkgrpc_cancel_trigger(cancel);
    pthread_join(cancelled.thread, NULL);
    pthread_join(unaffected.thread, NULL);
    CHECK_INT(cancelled.status, ARKGRPC_CANCELLED);
    CHECK_INT(unaffected.status, ARKGRPC_DEADLINE_EXCEEDED);
    arkgrpc_cancel_free(cancel);
    arkgrpc_cancel_free(other);
}

int main(void) {
    silent_peer peer = open_silent_peer();
    arkgrpc_manager *manager = manager_for_port(peer.port);
    client = lnd_client(manager);
    RUN(another_thread_ends_all_calls_of_a_token);
    RUN(a_triggered_token_stays_triggered);
    RUN(freeing_a_token_does_not_trigger_it);
    RUN(a_token_may_be_freed_right_after_the_trigger);
    RUN(other_calls_go_on);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
    close_silent_peer(&peer);
    return finish_checks();
}
