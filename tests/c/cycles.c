/* Create, call, close, free, again and again: what one round leaves behind, many rounds make
 * visible. Descriptors and threads are counted here, memory by valgrind around this program.
 *
 *     cycles refused COUNT [PLANTED]   calls that the library and a closed port refuse
 *     cycles daemon COUNT [PLANTED]    calls that a daemon answers; under `arkgrpc devnet -- ...`
 *
 * PLANTED is a fault that the checks, or valgrind, must find: result, descriptor or thread. */
#include <arkgrpc.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"
#include "harness/process_state.h"

/* Under valgrind a round takes a hundred times as long. */
enum { CLOSE_MS = 30000, CALL_MS = 60000, PLANTED_EVERY = 10 };

static int count;
static int port;
static bool on_daemon;
static const char *planted;

static void *stay(void *unused) {
    (void)unused;
    pause();
    return NULL;
}

static bool is_planted(const char *fault, int round) {
    return planted != NULL && strcmp(planted, fault) == 0 && round % PLANTED_EVERY == 0;
}

static void refused_calls(const arkgrpc_client *client, int round) {
    arkgrpc_call_options once = ARKGRPC_CALL_OPTIONS_INIT;
    arkgrpc_result *result = NULL;
    /* The pauses between several attempts would be most of the time. */
    once.flags = ARKGRPC_FLAG_NO_RETRY;
    CHECK_INT(call(client, ARKGRPC_METHOD_LND_ADD_INVOICE, "{\"amount\":-1}", CALL_MS, &result),
              ARKGRPC_INVALID_ARGUMENT);
    CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
    if (!is_planted("result", round)) {
        arkgrpc_result_free(result);
    }
    result = NULL;
    CHECK_INT(arkgrpc_client_call(client, ARKGRPC_METHOD_LND_GET_INFO, ARKGRPC_NTS, "{}",
                                  ARKGRPC_NTS, &once, &result),
              ARKGRPC_CONNECT_FAILED);
    arkgrpc_result_free(result);
}

static void answered_calls(const arkgrpc_client *client, int round) {
    arkgrpc_result *result = NULL;
    CHECK_INT(call(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", CALL_MS, &result), ARKGRPC_OK);
    CHECK_CONTAINS(arkgrpc_result_json(result), "\"identity_pubkey\":");
    if (!is_planted("result", round)) {
        arkgrpc_result_free(result);
    }
    CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_ADD_INVOICE, "{\"amount\":21}", CALL_MS),
              ARKGRPC_OK);
}

static void one_round(int round) {
    arkgrpc_manager *manager = on_daemon ? manager_from_environment() : manager_for_port(port);
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_cancel *cancel = arkgrpc_cancel_new();
    pthread_t thread;
    if (on_daemon) {
        answered_calls(client, round);
    } else {
        refused_calls(client, round);
    }
    if (is_planted("descriptor", round)) {
        REQUIRE(dup(STDIN_FILENO) >= 0);
    }
    if (is_planted("thread", round)) {
        REQUIRE(pthread_create(&thread, NULL, stay, NULL) == 0);
    }
    arkgrpc_cancel_free(cancel);
    CHECK_INT(arkgrpc_manager_close(manager, CLOSE_MS, NULL), ARKGRPC_OK);
    /* Both orders of freeing, in turn. */
    if (round % 2 == 0) {
        arkgrpc_client_free(client);
        arkgrpc_manager_free(manager);
    } else {
        arkgrpc_manager_free(manager);
        arkgrpc_client_free(client);
    }
}

static void every_round_leaves_nothing_behind(void) {
    /* What is made once per process is made in the first round. */
    one_round(-1);
    int threads = thread_count();
    int descriptors = descriptor_count();
    int64_t start = now_ms();
    for (int round = 0; round < count; round++) {
        one_round(round);
    }
    /* A joined thread may be listed a moment longer. */
    CHECK(wait_for_threads(threads, SLACK_MS));
    CHECK_INT(thread_count(), threads);
    CHECK_INT(descriptor_count(), descriptors);
    printf("%d rounds in %d ms: %d threads, %d descriptors before and after\n", count,
           (int)(now_ms() - start), threads, descriptors);
}

int main(int arguments, char **values) {
    REQUIRE(arguments == 3 || arguments == 4);
    on_daemon = strcmp(values[1], "daemon") == 0;
    REQUIRE(on_daemon || strcmp(values[1], "refused") == 0);
    count = atoi(values[2]);
    REQUIRE(count > 0);
    planted = arguments == 4 ? values[3] : NULL;
    port = closed_port();
    RUN(every_round_leaves_nothing_behind);
    return finish_checks();
}
