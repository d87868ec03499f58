/* Health without a daemon: what is told before anything is known, how a service goes down, who is
 * told, what a write is refused with, and what waiting comes to. */
#include <arkgrpc.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"
#include "harness/process_state.h"

enum { PATIENCE_MS = 30000 };

static int port;

static void check_health(const arkgrpc_manager *manager, const char *expected) {
    arkgrpc_result *result = NULL;
    CHECK_INT(arkgrpc_manager_health(manager, &result), ARKGRPC_OK);
    CHECK_CONTAINS(arkgrpc_result_json(result), expected);
    arkgrpc_result_free(result);
}

static arkgrpc_stream *open_events(const arkgrpc_manager *manager, const arkgrpc_cancel *cancel) {
    arkgrpc_stream *events = NULL;
    arkgrpc_result *result = NULL;
    CHECK_INT(arkgrpc_manager_events(manager, cancel, &events, &result), ARKGRPC_OK);
    arkgrpc_result_free(result);
    REQUIRE(events != NULL);
    return events;
}

static arkgrpc_status next_status(const arkgrpc_stream *stream, uint64_t timeout_ms) {
    arkgrpc_result *result = NULL;
    arkgrpc_status status = arkgrpc_stream_next(stream, timeout_ms, &result);
    arkgrpc_result_free(result);
    return status;
}

/* The next event contains the part. */
static void check_event(const arkgrpc_stream *events, const char *part) {
    arkgrpc_result *result = NULL;
    CHECK_INT(arkgrpc_stream_next(events, PATIENCE_MS, &result), ARKGRPC_OK);
    CHECK_CONTAINS(arkgrpc_result_json(result), part);
    arkgrpc_result_free(result);
}

static arkgrpc_status with_flags(const arkgrpc_client *client, const char *method,
                                 const char *params, uint64_t flags, uint64_t timeout_ms,
                                 arkgrpc_result **result) {
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    options.flags = flags;
    options.timeout_ms = timeout_ms;
    return arkgrpc_client_call(client, method, ARKGRPC_NTS, params, ARKGRPC_NTS, &options, result);
}

static void nothing_is_known_and_nobody_is_asked_before_the_first_call(void) {
    int threads = thread_count();
    arkgrpc_manager *manager = manager_for_port(port);
    check_health(manager, "\"lnd\":{\"status\":null,\"since\":null,\"last_probe_age_ms\":null");
    CHECK_INT(thread_count(), threads);
    arkgrpc_manager_free(manager);
}

static void wrong_pointers_are_found(void) {
    arkgrpc_manager *manager = manager_for_port(port);
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_stream *events = (arkgrpc_stream *)&port;
    arkgrpc_result *result = NULL;
    CHECK_INT(arkgrpc_manager_health(manager, NULL), ARKGRPC_NULL_POINTER);
    CHECK_INT(arkgrpc_manager_health(NULL, &result), ARKGRPC_INVALID_HANDLE);
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_manager_events(manager, NULL, NULL, NULL), ARKGRPC_NULL_POINTER);
    CHECK_INT(arkgrpc_manager_events((arkgrpc_manager *)client, NULL, &events, NULL),
              ARKGRPC_INVALID_HANDLE);
    CHECK(events == NULL);
    CHECK_INT(arkgrpc_manager_events(manager, (arkgrpc_cancel *)client, &events, NULL),
              ARKGRPC_INVALID_HANDLE);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void every_step_of_a_service_that_is_away_is_told(void) {
    arkgrpc_manager *manager = manager_for_port(port);
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_stream *events = open_events(manager, NULL);
    arkgrpc_result *result = NULL;
    int64_t start = now_ms();
    /* Who waits has the daemon asked again and again. */
    CHECK_INT(with_flags(client, "get_info", "{}", ARKGRPC_FLAG_WAIT_FOR_READY, 3000, &result),
              ARKGRPC_DEADLINE_EXCEEDED);
    CHECK_BETWEEN(now_ms() - start, 3000, 3000 + SLACK_MS);
    CHECK_CONTAINS(arkgrpc_result_hint(result), "ready");
    CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
    arkgrpc_result_free(result);
    check_event(events, "\"from\":null,\"to\":\"degraded\"");
    check_event(events, "\"from\":\"degraded\",\"to\":\"down\"");
    check_health(manager, "\"status\":\"down\"");
    check_health(manager, "\"code\":\"CONNECT_FAILED\"");

    start = now_ms();
    CHECK_INT(with_flags(client, "add_invoice", "{\"amount\":1}", 0, 20000, &result),
              ARKGRPC_SERVICE_DOWN);
    CHECK_BETWEEN(now_ms() - start, 0, SLACK_MS);
    CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
    CHECK(arkgrpc_result_retryable(result));
    CHECK_BETWEEN(arkgrpc_result_retry_after_ms(result), 1, 1500);
    CHECK_CONTAINS(arkgrpc_result_message(result), "down");
    arkgrpc_result_free(result);
    /* What keeps money from being lost is tried all the same. */
    CHECK_INT(with_flags(client, "cancel_invoice",
                         "{\"payment_hash\":"
                         "\"00000000000000000000000000000000"
                         "00000000000000000000000000000000\"}",
                         0, 5000, &result),
              ARKGRPC_CONNECT_FAILED);
    arkgrpc_result_free(result);

    CHECK_INT(arkgrpc_manager_close(manager, 0, NULL), ARKGRPC_OK);
    check_event(events, "\"to\":\"closed\"");
    CHECK_INT(next_status(events, ARKGRPC_TIMEOUT_INFINITE), ARKGRPC_END);
    check_health(manager, "\"status\":\"closed\"");
    arkgrpc_stream_free(events);
    CHECK_INT(arkgrpc_manager_events(manager, NULL, &events, NULL), ARKGRPC_CLOSED);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void no_old_answer_is_invented(void) {
    arkgrpc_manager *manager = manager_for_port(port);
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_result *result = NULL;
    CHECK_INT(with_flags(client, "get_info", "{}", ARKGRPC_FLAG_ALLOW_STALE, 5000, &result),
              ARKGRPC_CONNECT_FAILED);
    arkgrpc_result_free(result);
    CHECK_INT(with_flags(client, "list_payments", "{}", ARKGRPC_FLAG_ALLOW_STALE, 5000, &result),
              ARKGRPC_INVALID_ARGUMENT);
    CHECK_CONTAINS(arkgrpc_result_hint(result), "get_lightning_balance");
    arkgrpc_result_free(result);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

typedef struct {
    const arkgrpc_stream *events;
    arkgrpc_status status;
} reader;

static void *read_one(void *argument) {
    reader *reading = argument;
    reading->status = next_status(reading->events, ARKGRPC_TIMEOUT_INFINITE);
    return NULL;
}

static void a_reader_is_woken_by_its_token(void) {
    arkgrpc_manager *manager = manager_for_port(port);
    arkgrpc_cancel *cancel = arkgrpc_cancel_new();
    arkgrpc_stream *events = open_events(manager, cancel);
    arkgrpc_stream *other = open_events(manager, NULL);
    reader reading = {events, ARKGRPC_OK};
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, read_one, &reading) == 0);
    short_pause();
    arkgrpc_cancel_trigger(cancel);
    arkgrpc_cancel_free(cancel);
    pthread_join(thread, NULL);
    CHECK_INT(reading.status, ARKGRPC_CANCELLED);
    CHECK_INT(next_status(events, ARKGRPC_TIMEOUT_ZERO), ARKGRPC_CANCELLED);
    CHECK_INT(next_status(other, ARKGRPC_TIMEOUT_ZERO), ARKGRPC_TIMEOUT);
    arkgrpc_stream_free(events);
    arkgrpc_stream_free(other);
    arkgrpc_manager_free(manager);
}

static void a_child_cannot_ask_its_parents_manager(void) {
    arkgrpc_manager *manager = manager_for_port(port);
    arkgrpc_stream *events = open_events(manager, NULL);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        arkgrpc_result *result = NULL;
        arkgrpc_stream *late = NULL;
        bool forked = arkgrpc_manager_health(manager, &result) == ARKGRPC_FORKED &&
                      arkgrpc_manager_events(manager, NULL, &late, NULL) == ARKGRPC_FORKED &&
                      next_status(events, ARKGRPC_TIMEOUT_INFINITE) == ARKGRPC_FORKED;
        arkgrpc_stream_free(events);
        arkgrpc_manager_free(manager);
        _exit(forked ? 0 : 1);
    }
    int outcome = -1;
    REQUIRE(waitpid(child, &outcome, 0) == child);
    CHECK(WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0);
    arkgrpc_stream_free(events);
    arkgrpc_manager_free(manager);
}

static void nothing_is_left_behind(void) {
    int threads = thread_count();
    int descriptors = descriptor_count();
    for (int i = 0; i < 20; i++) {
        arkgrpc_manager *manager = manager_for_port(port);
        arkgrpc_stream *events = open_events(manager, NULL);
        arkgrpc_client *client = lnd_client(manager);
        arkgrpc_result *result = NULL;
        with_flags(client, "get_info", "{}", ARKGRPC_FLAG_WAIT_FOR_READY, 100, &result);
        CHECK_CONTAINS(arkgrpc_result_json(result), "DEADLINE_EXCEEDED");
        arkgrpc_result_free(result);
        arkgrpc_client_free(client);
        CHECK_INT(arkgrpc_manager_close(manager, 5000, NULL), ARKGRPC_OK);
        arkgrpc_manager_free(manager);
        arkgrpc_stream_free(events);
    }
    CHECK(wait_for_threads(threads, 10000));
    CHECK(wait_for_descriptors(descriptors, 10000));
}

int main(void) {
    port = closed_port();
    /* First: managers that others free without closing end in the background. */
    RUN(nothing_is_left_behind);
    RUN(nothing_is_known_and_nobody_is_asked_before_the_first_call);
    RUN(wrong_pointers_are_found);
    RUN(every_step_of_a_service_that_is_away_is_told);
    RUN(no_old_answer_is_invented);
    RUN(a_reader_is_woken_by_its_token);
    RUN(a_child_cannot_ask_its_parents_manager);
    return finish_checks();
}
