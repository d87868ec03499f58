/* See library.h. */
#include "library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* Version 2, location "lnd", identifier "test", a signature of zeros: well-formed, good for
 * nothing. */
#define MACAROON                                                                                   \
    "020103"                                                                                       \
    "6c6e64"                                                                                       \
    "0204"                                                                                         \
    "74657374"                                                                                     \
    "00"                                                                                           \
    "00"                                                                                           \
    "0620"                                                                                         \
    "0000000000000000000000000000000000000000000000000000000000000000"

char *config_for_port(int port) {
    static const char form[] =
        "{\"lnd\":{\"host\":\"127.0.0.1\",\"port\":%d,\"tls_cert\":\"%s\",\"macaroon\":\"%s\"},"
        "\"timeout_ms\":30000}";
    int size = snprintf(NULL, 0, form, port, TEST_CERTIFICATE, MACAROON) + 1;
    char *text = malloc((size_t)size);
    REQUIRE(text != NULL);
    snprintf(text, (size_t)size, form, port, TEST_CERTIFICATE, MACAROON);
    return text;
}

static arkgrpc_manager *opened(arkgrpc_status status, arkgrpc_manager *manager,
                               arkgrpc_result *result) {
    if (status != ARKGRPC_OK) {
        printf("no manager: %s: %s\n", arkgrpc_status_name(status),
               result == NULL ? "" : arkgrpc_result_message(result));
    }
    REQUIRE(status == ARKGRPC_OK);
    arkgrpc_result_free(result);
    return manager;
}

arkgrpc_manager *manager_for_port(int port) {
    arkgrpc_manager *manager = NULL;
    arkgrpc_result *result = NULL;
    char *config = config_for_port(port);
    arkgrpc_status status = arkgrpc_manager_new(config, strlen(config), &manager, &result);
    free(config);
    return opened(status, manager, result);
}

arkgrpc_manager *manager_from_environment(void) {
    arkgrpc_manager *manager = NULL;
    arkgrpc_result *result = NULL;
    if (getenv("LND_HOST") == NULL) {
        skip_program("no daemon: run this under `arkgrpc devnet -- PROGRAM`");
    }
    arkgrpc_status status = arkgrpc_manager_new_from_env(&manager, &result);
    return opened(status, manager, result);
}

arkgrpc_client *lnd_client(const arkgrpc_manager *manager) {
    arkgrpc_client *client = NULL;
    arkgrpc_status status =
        arkgrpc_manager_client(manager, ARKGRPC_SERVICE_LND, ARKGRPC_NTS, &client, NULL);
    REQUIRE(status == ARKGRPC_OK);
    return client;
}

arkgrpc_status call(const arkgrpc_client *client, const char *method, const char *params,
                    uint64_t timeout_ms, arkgrpc_result **result) {
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    options.timeout_ms = timeout_ms;
    return arkgrpc_client_call(client, method, ARKGRPC_NTS, params, ARKGRPC_NTS, &options, result);
}

bool found_no_daemon(arkgrpc_status status) {
    return status == ARKGRPC_CONNECT_FAILED || status == ARKGRPC_CIRCUIT_OPEN;
}

arkgrpc_status call_status(const arkgrpc_client *client, const char *method, const char *params,
                           uint64_t timeout_ms) {
    arkgrpc_result *result = NULL;
    arkgrpc_status status = call(client, method, params, timeout_ms, &result);
    arkgrpc_result_free(result);
    return status;
}

char *json_text(const char *json, const char *key) {
    char quoted[96];
    snprintf(quoted, sizeof quoted, "\"%s\":\"", key);
    const char *start = json == NULL ? NULL : strstr(json, quoted);
    if (start == NULL) {
        return NULL;
    }
    start += strlen(quoted);
    return strndup(start, strcspn(start, "\""));
}

void random_hex(char *text) {
    FILE *source = fopen("/dev/urandom", "rb");
    unsigned char bytes[32];
    REQUIRE(source != NULL);
    REQUIRE(fread(bytes, 1, sizeof bytes, source) == sizeof bytes);
    fclose(source);
    for (size_t i = 0; i < sizeof bytes; i++) {
        snprintf(text + 2 * i, 3, "%02x", (unsigned)bytes[i]);
    }
}
