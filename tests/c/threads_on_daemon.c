/* 64 threads share one client of a real or simulated lnd; close() comes while they are at it.
 * Run under `arkgrpc devnet -- PROGRAM`. */
#include <arkgrpc.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/process_state.h"

enum { THREADS = 64, ROUNDS = 10 };

static arkgrpc_client *client;
static char pubkey[80];

/* Makes an invoice and finds it again by its hash, so that no thread can get another's answer. */
static void make_and_find_invoice(int thread, int round) {
    arkgrpc_result *made = NULL;
    arkgrpc_result *found = NULL;
    char params[128];
    char memo[48];
    snprintf(memo, sizeof memo, "thread %d round %d", thread, round);
    snprintf(params, sizeof params, "{\"amount\":%d,\"memo\":\"%s\"}", 1000 + thread, memo);
    CHECK_INT(call(client, ARKGRPC_METHOD_LND_ADD_INVOICE, params, 60000, &made), ARKGRPC_OK);
    CHECK_INT(arkgrpc_result_executed(made), ARKGRPC_EXECUTED_YES);
    char *hash = json_text(arkgrpc_result_json(made), "payment_hash");
    if (CHECK(hash != NULL)) {
        snprintf(params, sizeof params, "{\"payment_hash\":\"%s\"}", hash);
        CHECK_INT(call(client, ARKGRPC_METHOD_LND_LOOKUP_INVOICE, params, 60000, &found),
                  ARKGRPC_OK);
        CHECK_CONTAINS(arkgrpc_result_json(found), memo);
        CHECK_CONTAINS(arkgrpc_result_json(found), hash);
    }
    free(hash);
    arkgrpc_result_free(made);
    arkgrpc_result_free(found);
}

static void *work(void *number) {
    int thread = *(const int *)number;
    for (int round = 0; round < ROUNDS; round++) {
        arkgrpc_result *result = NULL;
        CHECK_INT(call(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 60000, &result), ARKGRPC_OK);
        CHECK_CONTAINS(arkgrpc_result_json(result), pubkey);
        arkgrpc_result_free(result);
        CHECK_INT(call_status(client, "no_such_method", "{}", 0), ARKGRPC_UNKNOWN_METHOD);
        if (round % 5 == 0) {
            make_and_find_invoice(thread, round);
        }
    }
    return NULL;
}

static void many_threads_share_one_client(void) {
    static int numbers[THREADS];
    pthread_t threads[THREADS];
    arkgrpc_manager *manager = manager_from_environment();
    arkgrpc_result *result = NULL;
    client = lnd_client(manager);
    CHECK_INT(call(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 60000, &result), ARKGRPC_OK);
    char *key = json_text(arkgrpc_result_json(result), "identity_pubkey");
    REQUIRE(key != NULL && strlen(key) == 66);
    snprintf(pubkey, sizeof pubkey, "%s", key);
    free(key);
    arkgrpc_result_free(result);

    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        REQUIRE(pthread_create(&threads[i], NULL, work, &numbers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    arkgrpc_client_free(client);
    CHECK_INT(arkgrpc_manager_close(manager, 5000, NULL), ARKGRPC_OK);
    arkgrpc_manager_free(manager);
}

static atomic_int answered;
static atomic_int refused;
static atomic_int unexpected;

static void *call_until_closed(void *unused) {
    (void)unused;
    for (;;) {
        arkgrpc_status status = call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 60000);
        if (status == ARKGRPC_OK) {
            atomic_fetch_add(&answered, 1);
        } else {
            atomic_fetch_add(status == ARKGRPC_CLOSED ? &refused : &unexpected, 1);
            return NULL;
        }
    }
}

static bool has_answers(void *wanted) {
    return atomic_load(&answered) >= *(int *)wanted;
}

static void closing_under_load_ends_every_thread_in_order(void) {
    pthread_t threads[THREADS];
    int wanted = THREADS;
    int threads_before = thread_count();
    arkgrpc_manager *manager = manager_from_environment();
    client = lnd_client(manager);
    for (int i = 0; i < THREADS; i++) {
        REQUIRE(pthread_create(&threads[i], NULL, call_until_closed, NULL) == 0);
    }
    CHECK(wait_until(has_answers, &wanted, 60000));
    CHECK_INT(arkgrpc_manager_close(manager, 30000, NULL), ARKGRPC_OK);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_INT(atomic_load(&refused), THREADS);
    CHECK_INT(atomic_load(&unexpected), 0);
    CHECK(wait_for_threads(threads_before, 2000));
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

int main(void) {
    RUN(many_threads_share_one_client);
    RUN(closing_under_load_ends_every_thread_in_order);
    return finish_checks();
}
