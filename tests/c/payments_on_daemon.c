/* What the status of a payment promises, seen through the C ABI: OK only when paid, a repeat pays
 * nothing twice, a failure says whether it is final. Run under `arkgrpc devnet -- PROGRAM`. */
#include <arkgrpc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/library.h"

static arkgrpc_manager *manager;
static arkgrpc_client *alice;
static arkgrpc_manager *other_manager;
static arkgrpc_client *bob;

/* The second node, which the environment names by BOB_LND_…. */
static void open_bob(void) {
    const char *port = getenv("BOB_LND_PORT");
    const char *certificate = getenv("BOB_LND_TLS_CERT");
    const char *macaroon = getenv("BOB_LND_MACAROON");
    const char *host = getenv("BOB_LND_HOST");
    char config[8192];
    REQUIRE(port != NULL && certificate != NULL && macaroon != NULL && host != NULL);
    snprintf(config, sizeof config,
             "{\"lnd\":{\"host\":\"%s\",\"port\":%s,\"tls_cert\":\"%s\",\"macaroon\":\"%s\"}}",
             host, port, certificate, macaroon);
    CHECK_INT(arkgrpc_manager_new(config, ARKGRPC_NTS, &other_manager, NULL), ARKGRPC_OK);
    bob = lnd_client(other_manager);
}

static char *invoice_of_bob(const char *params, const char *field) {
    arkgrpc_result *result = NULL;
    CHECK_INT(call(bob, ARKGRPC_METHOD_LND_ADD_INVOICE, params, 30000, &result), ARKGRPC_OK);
    char *text = json_text(arkgrpc_result_json(result), field);
    arkgrpc_result_free(result);
    REQUIRE(text != NULL);
    return text;
}

static arkgrpc_status pay(const char *payment_request, arkgrpc_result **result) {
    char params[4096];
    snprintf(params, sizeof params, "{\"payment_request\":\"%s\"}", payment_request);
    return call(alice, ARKGRPC_METHOD_LND_SEND_PAYMENT, params, 60000, result);
}

static void paid_once_and_reported_twice(void) {
    arkgrpc_result *first = NULL;
    arkgrpc_result *second = NULL;
    char *request = invoice_of_bob("{\"amount\":2500,\"memo\":\"coffee\"}", "payment_request");
    CHECK_INT(pay(request, &first), ARKGRPC_OK);
    CHECK_CONTAINS(arkgrpc_result_json(first), "\"already_paid\":false");
    CHECK_INT(arkgrpc_result_executed(first), ARKGRPC_EXECUTED_YES);
    CHECK_INT(pay(request, &second), ARKGRPC_OK);
    CHECK_CONTAINS(arkgrpc_result_json(second), "\"already_paid\":true");
    char *one = json_text(arkgrpc_result_json(first), "payment_hash");
    char *two = json_text(arkgrpc_result_json(second), "payment_hash");
    CHECK_TEXT(two, one == NULL ? "" : one);

    /* The payee saw it once, settled, with the preimage that alice got. */
    char params[128];
    arkgrpc_result *seen = NULL;
    char *preimage = json_text(arkgrpc_result_json(first), "payment_preimage");
    snprintf(params, sizeof params, "{\"payment_hash\":\"%s\"}", one);
    CHECK_INT(call(bob, ARKGRPC_METHOD_LND_LOOKUP_INVOICE, params, 30000, &seen), ARKGRPC_OK);
    CHECK_CONTAINS(arkgrpc_result_json(seen), "\"state\":\"settled\"");
    CHECK_CONTAINS(arkgrpc_result_json(seen), preimage == NULL ? "?" : preimage);
    free(one);
    free(two);
    free(preimage);
    free(request);
    arkgrpc_result_free(first);
    arkgrpc_result_free(second);
    arkgrpc_result_free(seen);
}

static void an_invoice_of_ones_own_cannot_be_paid(void) {
    arkgrpc_result *made = NULL;
    arkgrpc_result *result = NULL;
    CHECK_INT(call(alice, ARKGRPC_METHOD_LND_ADD_INVOICE, "{\"amount\":100}", 30000, &made),
              ARKGRPC_OK);
    char *request = json_text(arkgrpc_result_json(made), "payment_request");
    CHECK(pay(request, &result) != ARKGRPC_OK);
    CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
    CHECK(strlen(arkgrpc_result_message(result)) > 0);
    CHECK(arkgrpc_result_operation_id(result) != NULL);
    free(request);
    arkgrpc_result_free(made);
    arkgrpc_result_free(result);
}

static void unknown_hashes_are_not_found(void) {
    arkgrpc_result *result = NULL;
    char hash[65];
    char params[128];
    random_hex(hash);
    snprintf(params, sizeof params, "{\"payment_hash\":\"%s\"}", hash);
    CHECK_INT(call(alice, ARKGRPC_METHOD_LND_LOOKUP_INVOICE, params, 30000, &result),
              ARKGRPC_NOT_FOUND);
    CHECK_TEXT(arkgrpc_result_code(result), "NOT_FOUND");
    arkgrpc_result_free(result);
    CHECK_INT(call(alice, ARKGRPC_METHOD_LND_TRACK_PAYMENT, params, 30000, &result),
              ARKGRPC_NOT_FOUND);
    arkgrpc_result_free(result);
}

static void the_daemon_is_healthy(void) {
    arkgrpc_result *result = NULL;
    CHECK_INT(arkgrpc_manager_health_check_all(manager, 30000, &result), ARKGRPC_OK);
    CHECK_CONTAINS(arkgrpc_result_json(result), "\"lnd\"");
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_manager_reconnect(manager, "lnd", 3, NULL), ARKGRPC_OK);
    CHECK_INT(call_status(alice, ARKGRPC_METHOD_LND_GET_INFO, "{}", 30000), ARKGRPC_OK);
}

int main(void) {
    manager = manager_from_environment();
    alice = lnd_client(manager);
    open_bob();
    RUN(paid_once_and_reported_twice);
    RUN(an_invoice_of_ones_own_cannot_be_paid);
    RUN(unknown_hashes_are_not_found);
    RUN(the_daemon_is_healthy);
    arkgrpc_client_free(alice);
    arkgrpc_client_free(bob);
    arkgrpc_manager_close(manager, 5000, NULL);
    arkgrpc_manager_close(other_manager, 5000, NULL);
    arkgrpc_manager_free(manager);
    arkgrpc_manager_free(other_manager);
    return finish_checks();
}
