/* close() with calls under way: they drain, or are ended when the time is up, and the library's
 * threads are gone afterwards. Needs no daemon. */
#include <arkgrpc.h>

#include <pthread.h>
#include <stdatomic.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"
#include "harness/process_state.h"

enum { CALLS = 16 };

static arkgrpc_manager *manager;
static arkgrpc_client *client;
static atomic_int under_way;
static uint64_t timeout_of_calls;

static void *wait_in_a_call(void *status) {
    atomic_fetch_add(&under_way, 1);
    *(arkgrpc_status *)status = call_status(client, "get_info", "{}", timeout_of_calls);
    return NULL;
}

static bool all_under_way(void *count) {
    return atomic_load(&under_way) == *(int *)count;
}

static void start_calls(pthread_t *threads, arkgrpc_status *statuses) {
    int count = CALLS;
    atomic_store(&under_way, 0);
    for (int i = 0; i < CALLS; i++) {
        REQUIRE(pthread_create(&threads[i], NULL, wait_in_a_call, &statuses[i]) == 0);
    }
    REQUIRE(wait_until(all_under_way, &count, 10000));
    for (int looks = 0; looks < 20; looks++) {
        short_pause();
    }
}

static void join_calls(const pthread_t *threads, const arkgrpc_status *statuses,
                       arkgrpc_status expected) {
    for (int i = 0; i < CALLS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(statuses[i], expected);
    }
}

static void calls_that_would_wait_for_ever_are_ended(void) {
    pthread_t threads[CALLS];
    arkgrpc_status statuses[CALLS];
    timeout_of_calls = ARKGRPC_TIMEOUT_INFINITE;
    start_calls(threads, statuses);
    int64_t start = now_ms();
    arkgrpc_manager_close(manager, 300, NULL);
    CHECK_BETWEEN(now_ms() - start, 250, 300 + SLACK_MS);
    join_calls(threads, statuses, ARKGRPC_CANCELLED);
    CHECK_BETWEEN(now_ms() - start, 250, 300 + SLACK_MS);
}

static void calls_that_end_by_themselves_are_waited_for(void) {
    pthread_t threads[CALLS];
    arkgrpc_status statuses[CALLS];
    timeout_of_calls = 700;
    start_calls(threads, statuses);
    int64_t start = now_ms();
    CHECK_INT(arkgrpc_manager_close(manager, 30000, NULL), ARKGRPC_OK);
    CHECK_BETWEEN(now_ms() - start, 0, 700 + SLACK_MS);
    join_calls(threads, statuses, ARKGRPC_DEADLINE_EXCEEDED);
}

static void free_during_calls_leaves_them_to_their_deadline(void) {
    pthread_t threads[CALLS];
    arkgrpc_status statuses[CALLS];
    timeout_of_calls = 500;
    start_calls(threads, statuses);
    int64_t start = now_ms();
    arkgrpc_manager_free(manager);
    CHECK_BETWEEN(now_ms() - start, 0, 300);
    join_calls(threads, statuses, ARKGRPC_DEADLINE_EXCEEDED);
}

static void with_a_fresh_manager(int port, void (*test_case)(void)) {
    int before = thread_count();
    manager = manager_for_port(port);
    client = lnd_client(manager);
    test_case();
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
    CHECK(wait_for_threads(before, 5000));
}

static int peer_port;

static void ended(void) {
    with_a_fresh_manager(peer_port, calls_that_would_wait_for_ever_are_ended);
}

static void drained(void) {
    with_a_fresh_manager(peer_port, calls_that_end_by_themselves_are_waited_for);
}

static void freed(void) {
    with_a_fresh_manager(peer_port, free_during_calls_leaves_them_to_their_deadline);
}

int main(void) {
    silent_peer peer = open_silent_peer();
    peer_port = peer.port;
    RUN(ended);
    RUN(drained);
    RUN(freed);
    close_silent_peer(&peer);
    return finish_checks();
}
