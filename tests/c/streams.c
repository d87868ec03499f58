/* Streams without a daemon: what is refused when they are opened, what wakes a reader that waits,
 * and that they may be freed in any order. The peer accepts connections and never answers. */
#include <arkgrpc.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"
#include "harness/process_state.h"

static const char *const names[] = {ARKGRPC_STREAM_LND_INVOICES, ARKGRPC_STREAM_LND_PAYMENTS,
                                    ARKGRPC_STREAM_LND_TRANSACTIONS,
                                    ARKGRPC_STREAM_LND_CHANNEL_EVENTS};
enum { NAMES = sizeof names / sizeof names[0] };

static silent_peer peer;

static arkgrpc_stream *open_stream(const arkgrpc_client *client, const char *name,
                                   const arkgrpc_cancel *cancel) {
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    arkgrpc_stream *stream = NULL;
    options.cancel = cancel;
    CHECK_INT(arkgrpc_client_stream(client, name, ARKGRPC_NTS, NULL, 0, &options, &stream, NULL),
              ARKGRPC_OK);
    REQUIRE(stream != NULL);
    return stream;
}

static arkgrpc_status next_status(const arkgrpc_stream *stream, uint64_t timeout_ms) {
    arkgrpc_result *result = NULL;
    arkgrpc_status status = arkgrpc_stream_next(stream, timeout_ms, &result);
    arkgrpc_result_free(result);
    return status;
}

typedef struct {
    pthread_t thread;
    const arkgrpc_stream *stream;
    atomic_bool under_way;
    atomic_bool back;
    arkgrpc_status status;
} reader;

static void *read_one(void *argument) {
    reader *reading = argument;
    atomic_store(&reading->under_way, true);
    reading->status = next_status(reading->stream, ARKGRPC_TIMEOUT_INFINITE);
    atomic_store(&reading->back, true);
    return NULL;
}

static bool is_under_way(void *reading) {
    return atomic_load(&((reader *)reading)->under_way);
}

static void start_reading(reader *reading, const arkgrpc_stream *stream) {
    atomic_init(&reading->under_way, false);
    atomic_init(&reading->back, false);
    reading->stream = stream;
    REQUIRE(pthread_create(&reading->thread, NULL, read_one, reading) == 0);
    CHECK(wait_until(is_under_way, reading, 10000));
    /* The thread says so just before it looks; nothing comes, so it stays inside. */
    for (int looks = 0; looks < 10; looks++) {
        short_pause();
    }
    CHECK(!atomic_load(&reading->back));
}

static void what_is_wrong_is_refused_when_it_is_opened(void) {
    arkgrpc_manager *manager = manager_for_port(peer.port);
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    arkgrpc_stream *stream = (arkgrpc_stream *)&options;
    arkgrpc_result *result = NULL;
    CHECK_INT(arkgrpc_client_stream(client, "lightning", 9, NULL, 0, NULL, &stream, &result),
              ARKGRPC_UNKNOWN_METHOD);
    CHECK(stream == NULL);
    CHECK_CONTAINS(arkgrpc_result_hint(result), "channel_events");
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_client_stream(client, "invoices", 8, "{\"add\":1}", ARKGRPC_NTS, NULL,
                                    &stream, &result),
              ARKGRPC_INVALID_ARGUMENT);
    CHECK_CONTAINS(arkgrpc_result_message(result), "add_index");
    arkgrpc_result_free(result);
    options.operation_id = "order-1";
    options.operation_id_len = ARKGRPC_NTS;
    CHECK_INT(arkgrpc_client_stream(client, "invoices", 8, NULL, 0, &options, &stream, NULL),
              ARKGRPC_INVALID_ARGUMENT);
    CHECK_INT(arkgrpc_client_stream(client, NULL, 0, NULL, 0, NULL, &stream, NULL),
              ARKGRPC_NULL_POINTER);
    CHECK_INT(arkgrpc_client_stream(client, "invoices", 8, NULL, 0, NULL, NULL, NULL),
              ARKGRPC_NULL_POINTER);
    CHECK_INT(arkgrpc_client_stream((arkgrpc_client *)manager, "invoices", 8, NULL, 0, NULL,
                                    &stream, NULL),
              ARKGRPC_INVALID_HANDLE);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void handles_are_recognised(void) {
    arkgrpc_manager *manager = manager_for_port(peer.port);
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_stream *stream = open_stream(client, names[0], NULL);
    CHECK_INT(next_status(NULL, ARKGRPC_TIMEOUT_ZERO), ARKGRPC_INVALID_HANDLE);
    CHECK_INT(next_status((arkgrpc_stream *)client, ARKGRPC_TIMEOUT_ZERO), ARKGRPC_INVALID_HANDLE);
    CHECK_INT(arkgrpc_stream_next(stream, ARKGRPC_TIMEOUT_ZERO, NULL), ARKGRPC_NULL_POINTER);
    CHECK_INT(next_status(stream, ARKGRPC_TIMEOUT_ZERO), ARKGRPC_TIMEOUT);
    arkgrpc_stream_free((arkgrpc_stream *)client);
    CHECK_INT(next_status(stream, ARKGRPC_TIMEOUT_ZERO), ARKGRPC_TIMEOUT);
    arkgrpc_stream_free(stream);
    CHECK_INT(next_status(stream, ARKGRPC_TIMEOUT_ZERO), ARKGRPC_INVALID_HANDLE);
    arkgrpc_stream_free(stream);
    arkgrpc_stream_free(NULL);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void a_look_waits_as_long_as_it_is_told(void) {
    arkgrpc_manager *manager = manager_for_port(peer.port);
    arkgrpc_client *client = lnd_client(manager);
    for (int i = 0; i < NAMES; i++) {
        check_about(names[i]);
        arkgrpc_stream *stream = open_stream(client, names[i], NULL);
        int64_t start = now_ms();
        arkgrpc_result *result = NULL;
        CHECK_INT(arkgrpc_stream_next(stream, 200, &result), ARKGRPC_TIMEOUT);
        CHECK_BETWEEN(now_ms() - start, 200, 200 + SLACK_MS);
        CHECK_CONTAINS(arkgrpc_result_json(result), "\"code\":\"TIMEOUT\"");
        CHECK(arkgrpc_result_retryable(result));
        arkgrpc_result_free(result);
        arkgrpc_stream_free(stream);
    }
    check_about(NULL);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void closing_wakes_every_reader(void) {
    static reader readers[NAMES];
    arkgrpc_stream *streams[NAMES];
    arkgrpc_manager *manager = manager_for_port(peer.port);
    arkgrpc_client *client = lnd_client(manager);
    for (int i = 0; i < NAMES; i++) {
        streams[i] = open_stream(client, names[i], NULL);
        start_reading(&readers[i], streams[i]);
    }
    int64_t start = now_ms();
    /* Streams have no end of their own: closing does not wait for them. */
    CHECK_INT(arkgrpc_manager_close(manager, 60000, NULL), ARKGRPC_OK);
    for (int i = 0; i < NAMES; i++) {
        pthread_join(readers[i].thread, NULL);
        CHECK_INT(readers[i].status, ARKGRPC_END);
    }
    CHECK_BETWEEN(now_ms() - start, 0, SLACK_MS);
    for (int i = 0; i < NAMES; i++) {
        CHECK_INT(next_status(streams[i], ARKGRPC_TIMEOUT_INFINITE), ARKGRPC_END);
        arkgrpc_stream_free(streams[i]);
    }
    arkgrpc_stream *stream = NULL;
    CHECK_INT(arkgrpc_client_stream(client, names[0], ARKGRPC_NTS, NULL, 0, NULL, &stream, NULL),
              ARKGRPC_CLOSED);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void the_token_wakes_its_readers_alone(void) {
    static reader cancelled;
    arkgrpc_manager *manager = manager_for_port(peer.port);
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_cancel *cancel = arkgrpc_cancel_new();
    arkgrpc_stream *ended = open_stream(client, names[0], cancel);
    arkgrpc_stream *other = open_stream(client, names[0], NULL);
    start_reading(&cancelled, ended);
    int64_t start = now_ms();
    arkgrpc_cancel_trigger(cancel);
    pthread_join(cancelled.thread, NULL);
    CHECK_BETWEEN(now_ms() - start, 0, SLACK_MS);
    CHECK_INT(cancelled.status, ARKGRPC_CANCELLED);
    CHECK_INT(next_status(ended, ARKGRPC_TIMEOUT_INFINITE), ARKGRPC_CANCELLED);
    CHECK_INT(next_status(other, 50), ARKGRPC_TIMEOUT);
    arkgrpc_stream *late = open_stream(client, names[1], cancel);
    CHECK_INT(next_status(late, ARKGRPC_TIMEOUT_INFINITE), ARKGRPC_CANCELLED);
    arkgrpc_cancel_free(cancel);
    arkgrpc_stream_free(late);
    arkgrpc_stream_free(other);
    arkgrpc_stream_free(ended);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void any_order_of_freeing_will_do(void) {
    for (int order = 0; order < 6; order++) {
        arkgrpc_manager *manager = manager_for_port(peer.port);
        arkgrpc_client *client = lnd_client(manager);
        arkgrpc_stream *stream = open_stream(client, names[order % NAMES], NULL);
        /* The six orders of three things, by which of them goes first and which last. */
        int first = order / 2;
        int last = (first + 1 + order % 2) % 3;
        for (int turn = 0; turn < 3; turn++) {
            int thing = turn == 0 ? first : turn == 1 ? 3 - first - last : last;
            if (thing == 0) {
                arkgrpc_manager_free(manager);
            } else if (thing == 1) {
                arkgrpc_client_free(client);
            } else {
                CHECK_INT(next_status(stream, ARKGRPC_TIMEOUT_ZERO), ARKGRPC_TIMEOUT);
                arkgrpc_stream_free(stream);
            }
        }
    }
}

static void a_child_cannot_use_its_parents_stream(void) {
    arkgrpc_manager *manager = manager_for_port(peer.port);
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_stream *stream = open_stream(client, names[0], NULL);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        arkgrpc_status status = next_status(stream, ARKGRPC_TIMEOUT_INFINITE);
        arkgrpc_stream_free(stream);
        _exit(status == ARKGRPC_FORKED ? 0 : 1);
    }
    int outcome = -1;
    REQUIRE(waitpid(child, &outcome, 0) == child);
    CHECK(WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0);
    CHECK_INT(next_status(stream, ARKGRPC_TIMEOUT_ZERO), ARKGRPC_TIMEOUT);
    arkgrpc_stream_free(stream);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void nothing_is_left_behind(void) {
    int threads = thread_count();
    int descriptors = descriptor_count();
    arkgrpc_manager *manager = manager_for_port(peer.port);
    arkgrpc_client *client = lnd_client(manager);
    for (int i = 0; i < 200; i++) {
        arkgrpc_stream *stream = open_stream(client, names[i % NAMES], NULL);
        CHECK_INT(next_status(stream, ARKGRPC_TIMEOUT_ZERO), ARKGRPC_TIMEOUT);
        arkgrpc_stream_free(stream);
    }
    arkgrpc_client_free(client);
    CHECK_INT(arkgrpc_manager_close(manager, 5000, NULL), ARKGRPC_OK);
    arkgrpc_manager_free(manager);
    CHECK(wait_for_threads(threads, 10000));
    CHECK_INT(descriptor_count(), descriptors);
}

int main(void) {
    peer = open_silent_peer();
    /* First: managers that others free without closing end in the background. */
    RUN(nothing_is_left_behind);
    RUN(what_is_wrong_is_refused_when_it_is_opened);
    RUN(handles_are_recognised);
    RUN(a_look_waits_as_long_as_it_is_told);
    RUN(closing_wakes_every_reader);
    RUN(the_token_wakes_its_readers_alone);
    RUN(any_order_of_freeing_will_do);
    RUN(a_child_cannot_use_its_parents_stream);
    close_silent_peer(&peer);
    return finish_checks();
}
