/* Deadlines hold against a peer that accepts and then says nothing. Needs no daemon. */
#include <arkgrpc.h>

#include <stdio.h>
#include <string.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"
#include "harness/process_state.h"

static silent_peer peer;
static arkgrpc_client *client;

/* One call that must end by its deadline: not before, and not later than the slack allows. */
static void ends_in_time(const char *method, const char *params, uint64_t timeout_ms,
                         int64_t least) {
    arkgrpc_result *result = NULL;
    int64_t start = now_ms();
    CHECK_INT(call(client, method, params, timeout_ms, &result), ARKGRPC_DEADLINE_EXCEEDED);
    CHECK_BETWEEN(now_ms() - start, least, least + SLACK_MS);
    /* Nothing was sent: the handshake never came to an end. */
    CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
    CHECK_BETWEEN(arkgrpc_result_elapsed_ms(result), least, least + SLACK_MS);
    CHECK_CONTAINS(arkgrpc_result_json(result), "\"service\":\"lnd\"");
    arkgrpc_result_free(result);
}

static void reads_and_writes_end_by_their_deadline(void) {
    static const uint64_t timeouts[] = {1, 10, 300, 1500};
    for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++) {
        ends_in_time("get_info", "{}", timeouts[i], (int64_t)timeouts[i]);
        ends_in_time("add_invoice", "{\"amount\":1000}", timeouts[i], (int64_t)timeouts[i]);
    }
}

static void zero_means_not_waiting_at_all(void) {
    ends_in_time("get_info", "{}", ARKGRPC_TIMEOUT_ZERO, 0);
    ends_in_time("add_invoice", "{\"amount\":1000}", ARKGRPC_TIMEOUT_ZERO, 0);
}

static void the_configured_timeout_is_the_default(void) {
    char config[512];
    arkgrpc_manager *manager = NULL;
    snprintf(config, sizeof config,
             "{\"lnd\":{\"host\":\"127.0.0.1\",\"port\":%d,\"tls_cert\":\"%s\"},"
             "\"timeout_ms\":400}",
             peer.port, TEST_CERTIFICATE);
    CHECK_INT(arkgrpc_manager_new(config, ARKGRPC_NTS, &manager, NULL), ARKGRPC_OK);
    arkgrpc_client *other = lnd_client(manager);
    arkgrpc_result *result = NULL;
    int64_t start = now_ms();
    CHECK_INT(arkgrpc_client_call(other, "get_info", 8, "{}", 2, NULL, &result),
              ARKGRPC_DEADLINE_EXCEEDED);
    CHECK_BETWEEN(now_ms() - start, 400, 400 + SLACK_MS);
    arkgrpc_result_free(result);
    arkgrpc_client_free(other);
    arkgrpc_manager_free(manager);
}

static void health_checks_have_a_deadline_too(void) {
    arkgrpc_manager *manager = manager_for_port(peer.port);
    arkgrpc_result *result = NULL;
    int64_t start = now_ms();
    /* The check was made, and what it found is that lnd does not answer. */
    CHECK_INT(arkgrpc_manager_health_check_all(manager, 500, &result), ARKGRPC_OK);
    CHECK_BETWEEN(now_ms() - start, 400, 500 + SLACK_MS);
    CHECK_CONTAINS(arkgrpc_result_json(result), "\"lnd\"");
    arkgrpc_result_free(result);
    arkgrpc_manager_free(manager);
}

static void an_absent_peer_is_named_before_the_deadline(void) {
    int port = closed_port();
    char address[32];
    arkgrpc_manager *manager = manager_for_port(port);
    arkgrpc_client *other = lnd_client(manager);
    arkgrpc_result *result = NULL;
    int64_t start = now_ms();
    CHECK_INT(call(other, "get_info", "{}", 20000, &result), ARKGRPC_CONNECT_FAILED);
    CHECK_BETWEEN(now_ms() - start, 0, 10000);
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    CHECK_CONTAINS(arkgrpc_result_message(result), address);
    CHECK_CONTAINS(arkgrpc_result_json(result), "\"origin\":\"transport\"");
    CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
    arkgrpc_result_free(result);
    arkgrpc_client_free(other);
    arkgrpc_manager_free(manager);
}

int main(void) {
    peer = open_silent_peer();
    arkgrpc_manager *manager = manager_for_port(peer.port);
    client = lnd_client(manager);
    RUN(reads_and_writes_end_by_their_deadline);
    RUN(zero_means_not_waiting_at_all);
    RUN(the_configured_timeout_is_the_default);
    RUN(health_checks_have_a_deadline_too);
    RUN(an_absent_peer_is_named_before_the_deadline);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
    close_silent_peer(&peer);
    return finish_checks();
}
