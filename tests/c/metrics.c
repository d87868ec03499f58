/* What a manager counts: both forms, wrong arguments, and that nothing of a caller's words gets in.
 * Needs no daemon; beside one (`arkgrpc devnet -- metrics TEXT_FILE`) it calls the daemon and
 * leaves the text for Prometheus in the file. */
#include <arkgrpc.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"

enum { THREADS = 4, CALLS = 50 };

static int nobody;
static arkgrpc_client *client;

static char *metrics_of(const arkgrpc_manager *manager, int32_t format) {
    arkgrpc_result *result = NULL;
    CHECK_INT(arkgrpc_manager_metrics(manager, format, &result), ARKGRPC_OK);
    char *text = strdup(arkgrpc_result_json(result));
    CHECK_INT(strlen(text), arkgrpc_result_json_len(result));
    arkgrpc_result_free(result);
    return text;
}

static void wrong_arguments(void) {
    arkgrpc_manager *manager = manager_for_port(nobody);
    arkgrpc_result *result = NULL;
    CHECK_INT(arkgrpc_manager_metrics(manager, ARKGRPC_METRICS_JSON, NULL), ARKGRPC_NULL_POINTER);
    CHECK_INT(arkgrpc_manager_metrics(manager, 2, &result), ARKGRPC_INVALID_ARGUMENT);
    CHECK_CONTAINS(arkgrpc_result_message(result), "format 2");
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_manager_metrics(manager, -1, &result), ARKGRPC_INVALID_ARGUMENT);
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_manager_metrics(NULL, ARKGRPC_METRICS_JSON, &result), ARKGRPC_INVALID_HANDLE);
    arkgrpc_result_free(result);
    arkgrpc_manager_free(manager);
    CHECK_INT(arkgrpc_manager_metrics(manager, ARKGRPC_METRICS_JSON, &result),
              ARKGRPC_INVALID_HANDLE);
    arkgrpc_result_free(result);
}

static void what_was_called_is_counted(void) {
    arkgrpc_manager *manager = manager_for_port(nobody);
    arkgrpc_client *lnd = lnd_client(manager);
    char *text = metrics_of(manager, ARKGRPC_METRICS_PROMETHEUS);
    CHECK_CONTAINS(text,
                   "arkgrpc_calls_total{service=\"lnd\",method=\"get_info\",status=\"OK\"} 0\n");
    CHECK(strstr(text, "arkgrpc_call_duration_seconds") == NULL);
    free(text);
    CHECK_INT(call_status(lnd, "get_info", "{}", 5000), ARKGRPC_CONNECT_FAILED);
    CHECK_INT(call_status(lnd, "add_invoice", "{\"amount\":-4711}", 5000),
              ARKGRPC_INVALID_ARGUMENT);
    CHECK_INT(call_status(lnd, "steal_4711", "{}", 5000), ARKGRPC_UNKNOWN_METHOD);
    CHECK_INT(arkgrpc_manager_close(manager, 1000, NULL), ARKGRPC_OK);
    text = metrics_of(manager, ARKGRPC_METRICS_PROMETHEUS);
    CHECK_CONTAINS(text, "{service=\"lnd\",method=\"get_info\",status=\"CONNECT_FAILED\"} 1\n");
    CHECK_CONTAINS(text,
                   "{service=\"lnd\",method=\"add_invoice\",status=\"INVALID_ARGUMENT\"} 1\n");
    CHECK_CONTAINS(text, "arkgrpc_call_duration_seconds_bucket{service=\"lnd\",method=\"get_info\","
                         "le=\"+Inf\"} 1\n");
    CHECK_CONTAINS(text, "arkgrpc_calls_in_flight{service=\"lnd\",method=\"get_info\"} 0\n");
    /* Neither parameters nor names of the caller, nor the macaroon. */
    CHECK(strstr(text, "4711") == NULL && strstr(text, "0201036c6e64") == NULL);
    char *json = metrics_of(manager, ARKGRPC_METRICS_JSON);
    CHECK(json[0] == '{' && strchr(json, '\n') == NULL);
    CHECK_CONTAINS(json, "\"status\":\"CONNECT_FAILED\"");
    CHECK(strstr(json, "4711") == NULL);
    free(json);
    free(text);
    arkgrpc_client_free(lnd);
    arkgrpc_manager_free(manager);
}

static void *keep_asking(void *unused) {
    (void)unused;
    for (int i = 0; i < CALLS; i++) {
        CHECK_INT(call_status(client, "get_info", "{}", 30000), ARKGRPC_OK);
    }
    return NULL;
}

/* Beside a daemon: everything that threads call is counted, and the text is kept. */
static void leave_text(const char *path) {
    arkgrpc_manager *manager = manager_from_environment();
    pthread_t threads[THREADS];
    client = lnd_client(manager);
    for (int i = 0; i < THREADS; i++) {
        REQUIRE(pthread_create(&threads[i], NULL, keep_asking, NULL) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_INT(call_status(client, "add_invoice", "{\"amount\":5}", 30000), ARKGRPC_OK);
    CHECK_INT(call_status(client, "add_invoice", "{\"amount\":-5}", 30000),
              ARKGRPC_INVALID_ARGUMENT);
    char *text = metrics_of(manager, ARKGRPC_METRICS_PROMETHEUS);
    FILE *file = fopen(path, "w");
    REQUIRE(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
    free(text);
    arkgrpc_client_free(client);
    CHECK_INT(arkgrpc_manager_close(manager, 5000, NULL), ARKGRPC_OK);
    arkgrpc_manager_free(manager);
}

int main(int argc, char **argv) {
    if (argc > 1) {
        leave_text(argv[1]);
        return finish_checks();
    }
    nobody = closed_port();
    RUN(wrong_arguments);
    RUN(what_was_called_is_counted);
    return finish_checks();
}
