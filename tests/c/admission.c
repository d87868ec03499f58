/* What calls meet at the door of a service: the circuit breaker of a daemon that is out of reach,
 * and the lanes of one that does not answer. Needs no daemon. */
#include <arkgrpc.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"
#include "harness/process_state.h"

enum { MOST_FAILURES = 20, REFUSED_CALLS = 2000, WAITING = 256 };

static arkgrpc_manager *manager_with(int port, const char *resilience) {
    char config[512];
    arkgrpc_manager *manager = NULL;
    snprintf(config, sizeof config,
             "{\"lnd\":{\"host\":\"127.0.0.1\",\"port\":%d,\"tls_cert\":\"%s\","
             "\"resilience\":{%s}}}",
             port, TEST_CERTIFICATE, resilience);
    CHECK_INT(arkgrpc_manager_new(config, ARKGRPC_NTS, &manager, NULL), ARKGRPC_OK);
    return manager;
}

/* How many calls fail by themselves before the breaker answers in their place. */
static int calls_until_open(const arkgrpc_client *client) {
    int made = 0;
    while (made < MOST_FAILURES) {
        arkgrpc_status status = call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 3000);
        if (status == ARKGRPC_CIRCUIT_OPEN) {
            return made;
        }
        CHECK_INT(status, ARKGRPC_CONNECT_FAILED);
        made++;
    }
    return made;
}

static void circuit_breaker_opens_and_answers_at_once(void) {
    arkgrpc_manager *manager = manager_with(closed_port(), "");
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_result *result = NULL;
    CHECK_BETWEEN(calls_until_open(client), 1, 5);
    CHECK_INT(call(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 3000, &result), ARKGRPC_CIRCUIT_OPEN);
    CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
    CHECK_CONTAINS(arkgrpc_result_json(result), "\"retryable\":true");
    CHECK(strstr(arkgrpc_result_json(result), "\"retry_after_ms\":null") == NULL);
    CHECK(strlen(arkgrpc_result_hint(result)) > 0);
    arkgrpc_result_free(result);
    CHECK_INT(call(client, ARKGRPC_METHOD_LND_ADD_INVOICE, "{\"amount\":1000}", 3000, &result),
              ARKGRPC_CIRCUIT_OPEN);
    CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
    arkgrpc_result_free(result);
    /* Nothing is dialled for these: what is wrong with a call is still found first. */
    CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_ADD_INVOICE, "{\"amount\":-1}", 3000),
              ARKGRPC_INVALID_ARGUMENT);
    CHECK_INT(call_status(client, "no_such_method", "{}", 3000), ARKGRPC_UNKNOWN_METHOD);
    int64_t start = now_ms();
    for (int i = 0; i < REFUSED_CALLS; i++) {
        CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 3000),
                  ARKGRPC_CIRCUIT_OPEN);
    }
    printf("%d refused calls in %d ms\n", REFUSED_CALLS, (int)(now_ms() - start));
    CHECK_BETWEEN(now_ms() - start, 0, SLACK_MS);
    /* The operator knows better. */
    CHECK_INT(arkgrpc_manager_reconnect(manager, "lnd", 3, NULL), ARKGRPC_OK);
    CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 3000), ARKGRPC_CONNECT_FAILED);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void circuit_breaker_is_as_it_was_configured(void) {
    static const struct {
        const char *resilience;
        int least;
        int most;
    } cases[] = {
        {"\"breaker\":\"disabled\"", MOST_FAILURES, MOST_FAILURES},
        {"\"breaker\":\"observe\"", MOST_FAILURES, MOST_FAILURES},
        {"\"breaker\":\"forced_open\"", 0, 0},
        {"\"breaker_threshold\":1", 1, 1},
        {"\"breaker_threshold\":12", 6, 12},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_about(cases[i].resilience);
        arkgrpc_manager *manager = manager_with(closed_port(), cases[i].resilience);
        arkgrpc_client *client = lnd_client(manager);
        CHECK_BETWEEN(calls_until_open(client), cases[i].least, cases[i].most);
        arkgrpc_client_free(client);
        arkgrpc_manager_free(manager);
    }
    check_about(NULL);
}

static arkgrpc_client *shared;

static void *wait_in_line(void *status) {
    *(arkgrpc_status *)status = call_status(shared, ARKGRPC_METHOD_LND_GET_INFO, "{}", 1500);
    return NULL;
}

/* As many threads as there are statuses call at once; returns when all have come back. */
static void all_at_once(arkgrpc_status *statuses) {
    static pthread_t threads[WAITING];
    for (int i = 0; i < WAITING; i++) {
        REQUIRE(pthread_create(&threads[i], NULL, wait_in_line, &statuses[i]) == 0);
    }
    for (int i = 0; i < WAITING; i++) {
        pthread_join(threads[i], NULL);
        CHECK(statuses[i] == ARKGRPC_DEADLINE_EXCEEDED || statuses[i] == ARKGRPC_OVERLOADED);
    }
}

/* The peer never answers: two calls get through and end by their deadline, two wait in line until
 * theirs, and the others are turned away at once. */
static void beyond_lane_and_line_calls_are_refused(int port) {
    static arkgrpc_status statuses[WAITING];
    int late = 0;
    int refused = 0;
    arkgrpc_manager *manager = manager_with(port, "\"max_reads\":2,\"max_waiting\":2");
    shared = lnd_client(manager);
    int64_t start = now_ms();
    all_at_once(statuses);
    for (int i = 0; i < WAITING; i++) {
        late += statuses[i] == ARKGRPC_DEADLINE_EXCEEDED;
        refused += statuses[i] == ARKGRPC_OVERLOADED;
    }
    printf("%d were let through, %d were not\n", late, refused);
    CHECK_BETWEEN(now_ms() - start, 1000, 2 * 1500 + SLACK_MS);
    CHECK(late >= 2);
    CHECK(refused >= 2);
    CHECK_INT(late + refused, WAITING);
    arkgrpc_client_free(shared);
    arkgrpc_manager_free(manager);
}

/* 256 threads at once on 64 places: each gets its answer or its deadline, none is lost. */
static void a_crowd_waits_in_line_within_its_deadline(int port) {
    static arkgrpc_status statuses[WAITING];
    arkgrpc_manager *manager = manager_with(port, "");
    shared = lnd_client(manager);
    int64_t start = now_ms();
    all_at_once(statuses);
    CHECK_BETWEEN(now_ms() - start, 1000, 1500 + 2 * SLACK_MS);
    arkgrpc_client_free(shared);
    arkgrpc_manager_free(manager);
}

static int peer_port;

static void lanes(void) {
    beyond_lane_and_line_calls_are_refused(peer_port);
}

static void crowd(void) {
    a_crowd_waits_in_line_within_its_deadline(peer_port);
}

int main(void) {
    silent_peer peer = open_silent_peer();
    peer_port = peer.port;
    RUN(circuit_breaker_opens_and_answers_at_once);
    RUN(circuit_breaker_is_as_it_was_configured);
    RUN(lanes);
    RUN(crowd);
    close_silent_peer(&peer);
    return finish_checks();
}
