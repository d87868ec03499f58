/* The options struct: its size, flags, timeouts and metadata. Needs no daemon. */
#include <arkgrpc.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"

static arkgrpc_manager *manager;
static arkgrpc_client *client;

/* A call that fails for its method once the options have been accepted. */
static arkgrpc_status with_options(const arkgrpc_call_options *options, const char *expected) {
    arkgrpc_result *result = NULL;
    arkgrpc_status status = arkgrpc_client_call(client, "get_info", ARKGRPC_NTS, "{\"no\":1}",
                                                ARKGRPC_NTS, options, &result);
    CHECK_CONTAINS(arkgrpc_result_message(result), expected);
    arkgrpc_result_free(result);
    return status;
}

/* Names the unknown key of the parameters: proof that the options were let through. */
#define ACCEPTED(options) CHECK_INT(with_options((options), "no"), ARKGRPC_INVALID_ARGUMENT)

static void the_struct_may_grow_and_be_older(void) {
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    struct {
        arkgrpc_call_options known;
        uint64_t later[2];
    } grown = {ARKGRPC_CALL_OPTIONS_INIT, {0, 0}};

    CHECK_INT(options.struct_size, sizeof options);
    ACCEPTED(&options);
    ACCEPTED(NULL);
    /* A caller that was compiled against a header with fewer fields. */
    options.struct_size = offsetof(arkgrpc_call_options, metadata_json);
    options.metadata_json = (const char *)1;
    options.metadata_json_len = 77;
    ACCEPTED(&options);
    /* A newer caller that does not use what it knows more. */
    grown.known.struct_size = sizeof grown;
    ACCEPTED(&grown.known);
    grown.later[1] = 1;
    CHECK_INT(with_options(&grown.known, "does not know"), ARKGRPC_INVALID_ARGUMENT);
}

static void senseless_sizes_are_refused(void) {
    static const size_t sizes[] = {0, 1, sizeof(size_t) - 1, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
        options.struct_size = sizes[i];
        CHECK_INT(with_options(&options, "struct_size"), ARKGRPC_INVALID_ARGUMENT);
    }
}

static void flags_are_known_or_refused(void) {
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    options.flags = ARKGRPC_FLAG_NO_RETRY;
    ACCEPTED(&options);
    options.flags = ARKGRPC_FLAG_WAIT_FOR_READY;
    ACCEPTED(&options);
    options.flags = ARKGRPC_FLAG_ALLOW_STALE | ARKGRPC_FLAG_NO_RETRY;
    ACCEPTED(&options);
    options.flags = 8;
    CHECK_INT(with_options(&options, "flags"), ARKGRPC_INVALID_ARGUMENT);
    options.flags = UINT64_MAX & ~(uint64_t)7;
    CHECK_INT(with_options(&options, "flags"), ARKGRPC_INVALID_ARGUMENT);
}

static void timeouts_reach_from_nothing_to_for_ever(void) {
    static const uint64_t timeouts[] = {
        ARKGRPC_TIMEOUT_DEFAULT, ARKGRPC_TIMEOUT_INFINITE, ARKGRPC_TIMEOUT_ZERO, 1, UINT64_MAX - 2,
    };
    for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++) {
        arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
        options.timeout_ms = timeouts[i];
        ACCEPTED(&options);
    }
}

static void metadata_is_checked(void) {
    static const struct {
        const char *json;
        const char *named;
    } refused[] = {
        {"{\"macaroon\":\"00\"}", "macaroon"},
        {"{\"Macaroon\":\"00\"}", "acaroon"},
        {"{\"grpc-timeout\":\"1S\"}", "grpc-timeout"},
        {"{\":path\":\"/x\"}", ":path"},
        {"{\"x\":1}", "metadata"},
        {"{\"a b\":\"x\"}", "a b"},
        {"{\"x-line\":\"a\\nb\"}", "x-line"},
        {"[]", "metadata"},
        {"{", "metadata"},
        {"{\"x\":\"1\",\"x\":\"2\"}", "metadata"},
    };
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    options.metadata_json = "{\"x-request\":\"abc\"}";
    options.metadata_json_len = ARKGRPC_NTS;
    ACCEPTED(&options);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        check_about(refused[i].json);
        options.metadata_json = refused[i].json;
        arkgrpc_status status = with_options(&options, refused[i].named);
        CHECK(status == ARKGRPC_INVALID_ARGUMENT || status == ARKGRPC_INVALID_JSON);
    }
    check_about("bad UTF-8");
    options.metadata_json = "{\"x\":\"\xff\"}";
    CHECK_INT(with_options(&options, "metadata_json"), ARKGRPC_INVALID_UTF8);
}

static void operation_ids_are_checked(void) {
    char too_long[66];
    const char *refused[] = {"", "a b", "a\"b", "caf\xc3\xa9", too_long};
    memset(too_long, 'a', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
        arkgrpc_result *result = NULL;
        check_about(refused[i]);
        options.operation_id = refused[i];
        options.operation_id_len = ARKGRPC_NTS;
        CHECK_INT(arkgrpc_client_call(client, "send_payment", ARKGRPC_NTS,
                                      "{\"payment_request\":\"lnbcrt1\"}", ARKGRPC_NTS, &options,
                                      &result),
                  ARKGRPC_INVALID_ARGUMENT);
        CHECK_CONTAINS(arkgrpc_result_message(result), "operation_id");
        CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
        arkgrpc_result_free(result);
    }
    /* A read takes none. */
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    arkgrpc_result *result = NULL;
    options.operation_id = "order-1";
    options.operation_id_len = ARKGRPC_NTS;
    options.timeout_ms = 100;
    CHECK_INT(arkgrpc_client_call(client, "get_info", 8, "{}", 2, &options, &result),
              ARKGRPC_INVALID_ARGUMENT);
    CHECK_CONTAINS(arkgrpc_result_message(result), "operation_id");
    arkgrpc_result_free(result);
}

int main(void) {
    manager = manager_for_port(closed_port());
    client = lnd_client(manager);
    RUN(the_struct_may_grow_and_be_older);
    RUN(senseless_sizes_are_refused);
    RUN(flags_are_known_or_refused);
    RUN(timeouts_reach_from_nothing_to_for_ever);
    RUN(metadata_is_checked);
    RUN(operation_ids_are_checked);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
    return finish_checks();
}
