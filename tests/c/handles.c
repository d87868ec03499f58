/* NULL, garbage, freed and mistyped handles, and NULL where a pointer must be: a status, never a
 * crash. Needs no daemon. */
#include <arkgrpc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"

static void check_manager_handle(const char *what, const void *handle) {
    const arkgrpc_manager *manager = handle;
    arkgrpc_client *client = (arkgrpc_client *)&client;
    arkgrpc_result *result = NULL;
    check_about(what);
    CHECK_INT(arkgrpc_manager_client(manager, "lnd", 3, &client, &result), ARKGRPC_INVALID_HANDLE);
    CHECK(client == NULL);
    CHECK_INT(arkgrpc_result_status(result), ARKGRPC_INVALID_HANDLE);
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_manager_health_check_all(manager, 10, &result), ARKGRPC_INVALID_HANDLE);
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_manager_reconnect(manager, NULL, 0, NULL), ARKGRPC_INVALID_HANDLE);
    CHECK_INT(arkgrpc_manager_close(manager, 10, NULL), ARKGRPC_INVALID_HANDLE);
    arkgrpc_manager_free((arkgrpc_manager *)handle);
}

static void check_client_handle(const char *what, const void *handle) {
    const arkgrpc_client *client = handle;
    arkgrpc_result *result = NULL;
    check_about(what);
    CHECK_INT(call(client, "get_info", "{}", 10, &result), ARKGRPC_INVALID_HANDLE);
    CHECK_CONTAINS(arkgrpc_result_message(result), "client");
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_client_info(client, &result), ARKGRPC_INVALID_HANDLE);
    arkgrpc_result_free(result);
    arkgrpc_client_free((arkgrpc_client *)handle);
}

static void check_cancel_handle(const char *what, const arkgrpc_client *client,
                                const void *handle) {
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    arkgrpc_result *result = NULL;
    check_about(what);
    options.cancel = handle;
    options.timeout_ms = 10;
    CHECK_INT(arkgrpc_client_call(client, "get_info", 8, "{}", 2, &options, &result),
              ARKGRPC_INVALID_HANDLE);
    CHECK_CONTAINS(arkgrpc_result_message(result), "cancel");
    arkgrpc_result_free(result);
    arkgrpc_cancel_trigger(handle);
    arkgrpc_cancel_free((arkgrpc_cancel *)handle);
}

static void numbers_that_are_no_handles_are_refused(void) {
    static const uintptr_t numbers[] = {
        1, 2, 3, 4, 7, 0x1000, 0xdeadbeef, 0x100000001, 0x7fffffffffffffff, UINTPTR_MAX,
    };
    arkgrpc_manager *manager = manager_for_port(closed_port());
    arkgrpc_client *client = lnd_client(manager);
    check_manager_handle("NULL", NULL);
    check_client_handle("NULL", NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char what[32];
        snprintf(what, sizeof what, "%#llx", (unsigned long long)numbers[i]);
        check_manager_handle(what, (const void *)numbers[i]);
        check_client_handle(what, (const void *)numbers[i]);
        check_cancel_handle(what, client, (const void *)numbers[i]);
    }
    check_about(NULL);
    /* The real ones have survived all that. */
    CHECK_INT(call_status(client, "no_such_method", "{}", 10), ARKGRPC_UNKNOWN_METHOD);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void live_objects_of_another_type_are_refused(void) {
    long on_the_stack = 0;
    arkgrpc_manager *manager = manager_for_port(closed_port());
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_cancel *cancel = arkgrpc_cancel_new();

    check_manager_handle("a client", client);
    check_manager_handle("a cancel", cancel);
    check_manager_handle("memory of the caller", &on_the_stack);
    check_client_handle("a manager", manager);
    check_client_handle("a cancel", cancel);
    check_client_handle("memory of the caller", &on_the_stack);
    check_cancel_handle("a manager", client, manager);
    check_cancel_handle("a client", client, client);

    check_about(NULL);
    CHECK_INT(call_status(client, "no_such_method", "{}", 10), ARKGRPC_UNKNOWN_METHOD);
    arkgrpc_client_free(client);
    arkgrpc_cancel_free(cancel);
    arkgrpc_manager_free(manager);
}

static void freed_handles_stay_dead_when_their_place_is_used_again(void) {
    int port = closed_port();
    arkgrpc_manager *dead_manager = manager_for_port(port);
    arkgrpc_client *dead_client = lnd_client(dead_manager);
    arkgrpc_cancel *dead_cancel = arkgrpc_cancel_new();
    arkgrpc_client_free(dead_client);
    arkgrpc_cancel_free(dead_cancel);
    arkgrpc_manager_free(dead_manager);

    for (int i = 0; i < 50; i++) {
        arkgrpc_manager *manager = manager_for_port(port);
        arkgrpc_client *client = lnd_client(manager);
        arkgrpc_cancel *cancel = arkgrpc_cancel_new();
        CHECK(manager != dead_manager && client != dead_client && cancel != dead_cancel);
        check_manager_handle("freed", dead_manager);
        check_client_handle("freed", dead_client);
        check_cancel_handle("freed", client, dead_cancel);
        CHECK_INT(call_status(client, "no_such_method", "{}", 10), ARKGRPC_UNKNOWN_METHOD);
        arkgrpc_client_free(client);
        arkgrpc_cancel_free(cancel);
        arkgrpc_manager_free(manager);
    }
}

static void missing_out_parameters_are_named(void) {
    arkgrpc_manager *manager = manager_for_port(closed_port());
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_result *result = NULL;
    char *config = config_for_port(closed_port());

    CHECK_INT(arkgrpc_manager_new(config, strlen(config), NULL, &result), ARKGRPC_NULL_POINTER);
    CHECK_CONTAINS(arkgrpc_result_message(result), "out");
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_manager_new_from_env(NULL, NULL), ARKGRPC_NULL_POINTER);
    CHECK_INT(arkgrpc_manager_client(manager, "lnd", 3, NULL, NULL), ARKGRPC_NULL_POINTER);
    /* Here the result carries the answer. */
    CHECK_INT(arkgrpc_client_call(client, "get_info", 8, "{}", 2, NULL, NULL),
              ARKGRPC_NULL_POINTER);
    CHECK_INT(arkgrpc_client_info(client, NULL), ARKGRPC_NULL_POINTER);
    CHECK_INT(arkgrpc_build_info(NULL), ARKGRPC_NULL_POINTER);
    CHECK_INT(arkgrpc_methods(NULL), ARKGRPC_NULL_POINTER);
    free(config);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void missing_texts_are_named(void) {
    arkgrpc_manager *manager = manager_for_port(closed_port());
    arkgrpc_manager *other = manager;
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_client *none = client;
    arkgrpc_result *result = NULL;

    CHECK_INT(arkgrpc_manager_new(NULL, 10, &other, &result), ARKGRPC_NULL_POINTER);
    CHECK(other == NULL);
    CHECK_CONTAINS(arkgrpc_result_message(result), "config_json");
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_manager_client(manager, NULL, ARKGRPC_NTS, &none, &result),
              ARKGRPC_NULL_POINTER);
    CHECK(none == NULL);
    CHECK_CONTAINS(arkgrpc_result_message(result), "service");
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_client_call(client, NULL, 8, "{}", 2, NULL, &result), ARKGRPC_NULL_POINTER);
    CHECK_CONTAINS(arkgrpc_result_message(result), "method");
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_client_call(client, "get_info", 8, NULL, 2, NULL, &result),
              ARKGRPC_NULL_POINTER);
    CHECK_CONTAINS(arkgrpc_result_message(result), "params_json");
    arkgrpc_result_free(result);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void accessors_of_a_missing_result_answer(void) {
    CHECK_INT(arkgrpc_result_status(NULL), ARKGRPC_NULL_POINTER);
    CHECK_INT(arkgrpc_result_json_len(NULL), 0);
    CHECK_INT(arkgrpc_result_executed(NULL), ARKGRPC_EXECUTED_NO);
    CHECK_INT(arkgrpc_result_retry_after_ms(NULL), -1);
    CHECK_INT(arkgrpc_result_grpc_code(NULL), -1);
    CHECK_INT(arkgrpc_result_attempts(NULL), 0);
    CHECK_INT(arkgrpc_result_elapsed_ms(NULL), 0);
    CHECK(!arkgrpc_result_retryable(NULL));
    CHECK(arkgrpc_result_operation_id(NULL) == NULL);
    CHECK(arkgrpc_result_recovery(NULL) == NULL);
    /* Texts that a caller may print without looking. */
    CHECK_TEXT(arkgrpc_result_json(NULL), "");
    CHECK_TEXT(arkgrpc_result_code(NULL), "NULL_POINTER");
    CHECK_TEXT(arkgrpc_result_message(NULL), "");
    CHECK_TEXT(arkgrpc_result_hint(NULL), "");
}

static void numbers_from_c_are_checked(void) {
    CHECK(arkgrpc_status_name(9999) != NULL);
    CHECK(arkgrpc_status_name(-1) != NULL);
    CHECK_INT(arkgrpc_log_set(9999, NULL, NULL), ARKGRPC_INVALID_ARGUMENT);
    CHECK_INT(arkgrpc_log_set(-1, NULL, NULL), ARKGRPC_INVALID_ARGUMENT);
}

int main(void) {
    RUN(numbers_that_are_no_handles_are_refused);
    RUN(live_objects_of_another_type_are_refused);
    RUN(freed_handles_stay_dead_when_their_place_is_used_again);
    RUN(missing_out_parameters_are_named);
    RUN(missing_texts_are_named);
    RUN(accessors_of_a_missing_result_answer);
    RUN(numbers_from_c_are_checked);
    return finish_checks();
}
