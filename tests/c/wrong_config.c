/* Wrong configurations: refused with the key named, secrets never shown, and one bad service never
 * takes down the others. Needs no daemon. */
#include <arkgrpc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/library.h"

static void no_manager_comes_of_it(const char *config, arkgrpc_status status, const char *named) {
    arkgrpc_manager *manager = (arkgrpc_manager *)&manager;
    arkgrpc_result *result = NULL;
    check_about(config);
    CHECK_INT(arkgrpc_manager_new(config, ARKGRPC_NTS, &manager, &result), status);
    CHECK(manager == NULL);
    CHECK_CONTAINS(arkgrpc_result_message(result), named);
    CHECK(strlen(arkgrpc_result_hint(result)) > 0);
    arkgrpc_result_free(result);
}

static void the_whole_text_can_be_wrong(void) {
    no_manager_comes_of_it("{", ARKGRPC_INVALID_JSON, "JSON");
    no_manager_comes_of_it("[]", ARKGRPC_INVALID_ARGUMENT, "object");
    no_manager_comes_of_it("{\"lnd\":{},\"lnd\":{}}", ARKGRPC_INVALID_JSON, "lnd");
    no_manager_comes_of_it("{\"lnb\":{}}", ARKGRPC_INVALID_ARGUMENT, "lnb");
    no_manager_comes_of_it("{\"lnd\":{\"hots\":\"x\"}}", ARKGRPC_INVALID_ARGUMENT, "hots");
    no_manager_comes_of_it("{\"lnd\":[]}", ARKGRPC_INVALID_ARGUMENT, "lnd");
    no_manager_comes_of_it("{\"lnd\":{\"port\":70000}}", ARKGRPC_INVALID_ARGUMENT, "lnd.port");
    no_manager_comes_of_it("{\"lnd\":{\"port\":\"x\"}}", ARKGRPC_INVALID_ARGUMENT, "lnd.port");
    no_manager_comes_of_it("{\"timeout_ms\":0}", ARKGRPC_INVALID_CONFIG, "timeout_ms");
    no_manager_comes_of_it("{\"timeout_ms\":-1}", ARKGRPC_INVALID_ARGUMENT, "timeout_ms");
    no_manager_comes_of_it("{\"operation_secret\":\"00\"}", ARKGRPC_INVALID_CONFIG,
                           "operation_secret");
    no_manager_comes_of_it("{\"state_dir\":\"state\"}", ARKGRPC_INVALID_CONFIG, "state_dir");
    no_manager_comes_of_it("{\"state_dir\":\"/nonexistent/state\"}", ARKGRPC_STATE_DIRECTORY,
                           "/nonexistent/state");
    no_manager_comes_of_it("{\"state_dir\":\"" TEST_CERTIFICATE "\"}", ARKGRPC_STATE_DIRECTORY,
                           "not a directory");
}

/* The error of an lnd whose own values are wrong, at its client or at the first call. */
static void lnd_is_refused(const char *lnd, arkgrpc_status status, const char *named) {
    char config[512];
    arkgrpc_manager *manager = NULL;
    arkgrpc_client *client = NULL;
    arkgrpc_result *result = NULL;
    snprintf(config, sizeof config, "{\"lnd\":%s}", lnd);
    check_about(lnd);
    CHECK_INT(arkgrpc_manager_new(config, ARKGRPC_NTS, &manager, NULL), ARKGRPC_OK);
    arkgrpc_status found = arkgrpc_manager_client(manager, "lnd", 3, &client, &result);
    if (found == ARKGRPC_OK) {
        arkgrpc_result_free(result);
        found = call(client, "get_info", "{}", 2000, &result);
    }
    CHECK_INT(found, status);
    CHECK_CONTAINS(arkgrpc_result_message(result), named);
    CHECK(strlen(arkgrpc_result_hint(result)) > 0);
    arkgrpc_result_free(result);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void one_bad_service_leaves_the_others(void) {
    char config[512];
    arkgrpc_manager *manager = NULL;
    arkgrpc_client *client = NULL;
    snprintf(config, sizeof config,
             "{\"lnd\":{\"tls_cert\":\"%s\"},\"tapd\":{\"tls_mode\":\"skip\"},"
             "\"arkd\":{\"host\":\"a b\"}}",
             TEST_CERTIFICATE);
    CHECK_INT(arkgrpc_manager_new(config, ARKGRPC_NTS, &manager, NULL), ARKGRPC_OK);
    CHECK_INT(arkgrpc_manager_client(manager, "lnd", 3, &client, NULL), ARKGRPC_OK);
    CHECK_INT(call_status(client, "no_such_method", "{}", 100), ARKGRPC_UNKNOWN_METHOD);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void one_service_can_be_wrong(void) {
    lnd_is_refused("{}", ARKGRPC_INVALID_CONFIG, "lnd.tls_cert");
    lnd_is_refused("{\"tls_mode\":\"plaintext\"}", ARKGRPC_INVALID_CONFIG, "lnd.tls_mode");
    lnd_is_refused("{\"tls_mode\":\"skip\"}", ARKGRPC_INVALID_CONFIG, "lnd.tls_mode");
    lnd_is_refused("{\"tls_cert\":\"/nonexistent/tls.cert\"}", ARKGRPC_CREDENTIALS_UNREADABLE,
                   "/nonexistent/tls.cert");
    lnd_is_refused("{\"tls_cert\":\"" TEST_CERTIFICATE
                   "\",\"macaroon\":\"/nonexistent/admin.macaroon\"}",
                   ARKGRPC_CREDENTIALS_UNREADABLE, "/nonexistent/admin.macaroon");
    lnd_is_refused("{\"tls_cert\":\"" TEST_CERTIFICATE "\",\"host\":\"a b\"}",
                   ARKGRPC_INVALID_CONFIG, "lnd.host");
}

static void absent_services_are_not_configured(void) {
    arkgrpc_manager *manager = NULL;
    arkgrpc_client *client = NULL;
    arkgrpc_result *result = NULL;
    CHECK_INT(arkgrpc_manager_new("{}", 2, &manager, NULL), ARKGRPC_OK);
    arkgrpc_status found = arkgrpc_manager_client(manager, "lnd", 3, &client, &result);
    if (found == ARKGRPC_OK) {
        arkgrpc_result_free(result);
        found = call(client, "get_info", "{}", 2000, &result);
    }
    CHECK_INT(found, ARKGRPC_NOT_CONFIGURED);
    CHECK_CONTAINS(arkgrpc_result_message(result), "lnd");
    CHECK_CONTAINS(arkgrpc_result_hint(result), "configuration");
    arkgrpc_result_free(result);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void secrets_are_never_shown(void) {
    static const char canary[] = "c0ffee00c0ffee00c0ffee00c0ffee00";
    char config[256];
    arkgrpc_manager *manager = NULL;
    arkgrpc_result *result = NULL;
    snprintf(config, sizeof config, "{\"operation_secret\":\"%s\"}", canary);
    CHECK_INT(arkgrpc_manager_new(config, ARKGRPC_NTS, &manager, &result), ARKGRPC_INVALID_CONFIG);
    CHECK(strstr(arkgrpc_result_json(result), "c0ffee") == NULL);
    CHECK(strstr(arkgrpc_result_hint(result), "c0ffee") == NULL);
    arkgrpc_result_free(result);
    snprintf(config, sizeof config,
             "{\"lnd\":{\"tls_cert\":\"%s\",\"macaroon\":7,\"port\":\"%s\"}}", TEST_CERTIFICATE,
             canary);
    CHECK(arkgrpc_manager_new(config, ARKGRPC_NTS, &manager, &result) != ARKGRPC_OK);
    CHECK(manager == NULL);
    CHECK(strstr(arkgrpc_result_json(result), "c0ffee") == NULL);
    arkgrpc_result_free(result);
}

int main(void) {
    RUN(the_whole_text_can_be_wrong);
    RUN(one_service_can_be_wrong);
    RUN(one_bad_service_leaves_the_others);
    RUN(absent_services_are_not_configured);
    RUN(secrets_are_never_shown);
    return finish_checks();
}
