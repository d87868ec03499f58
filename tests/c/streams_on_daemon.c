/* Streams beside a daemon: items arrive, many streams share one connection without standing in the
 * way of each other or of calls, and a slow reader of invoices misses nothing. Run under
 * `arkgrpc devnet -- PROGRAM`. */
#include <arkgrpc.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/process_state.h"

/* More than a stream lets wait, so that a slow reader makes it ask again. */
enum { STREAMS = 8, INVOICES = 1500, MAKERS = 4, PATIENCE_MS = 60000 };

static arkgrpc_manager *manager;
static arkgrpc_client *client;

static arkgrpc_stream *open_stream(const char *name, const char *params) {
    arkgrpc_stream *stream = NULL;
    arkgrpc_result *result = NULL;
    arkgrpc_status status = arkgrpc_client_stream(client, name, ARKGRPC_NTS, params, ARKGRPC_NTS,
                                                  NULL, &stream, &result);
    CHECK_INT(status, ARKGRPC_OK);
    arkgrpc_result_free(result);
    REQUIRE(stream != NULL);
    return stream;
}

static char *add_invoice(void) {
    arkgrpc_result *result = NULL;
    REQUIRE(call(client, ARKGRPC_METHOD_LND_ADD_INVOICE, "{\"amount\":5}", 30000, &result) ==
            ARKGRPC_OK);
    char *hash = json_text(arkgrpc_result_json(result), "payment_hash");
    REQUIRE(hash != NULL);
    arkgrpc_result_free(result);
    return hash;
}

/* Reads until the message contains the part; false when it does not come. */
static bool comes(const arkgrpc_stream *stream, const char *part) {
    int64_t limit = now_ms() + PATIENCE_MS;
    bool found = false;
    while (!found && now_ms() < limit) {
        arkgrpc_result *result = NULL;
        arkgrpc_status status = arkgrpc_stream_next(stream, 1000, &result);
        found = status == ARKGRPC_OK && strstr(arkgrpc_result_json(result), part) != NULL;
        bool over = status != ARKGRPC_OK && status != ARKGRPC_TIMEOUT;
        CHECK(!over);
        arkgrpc_result_free(result);
        if (over) {
            return false;
        }
    }
    return found;
}

static void an_item_arrives(void) {
    arkgrpc_stream *stream = open_stream(ARKGRPC_STREAM_LND_INVOICES, "{}");
    for (int i = 0; i < 3; i++) {
        char *hash = add_invoice();
        CHECK(comes(stream, hash));
        free(hash);
    }
    arkgrpc_result *result = NULL;
    CHECK_INT(arkgrpc_stream_next(stream, 100, &result), ARKGRPC_TIMEOUT);
    arkgrpc_result_free(result);
    arkgrpc_stream_free(stream);
}

static void *make_invoices(void *unused) {
    (void)unused;
    for (int i = 0; i < INVOICES / MAKERS; i++) {
        free(add_invoice());
    }
    return NULL;
}

/* The highest add_index that an item of the stream carries, and how many items there were. */
typedef struct {
    pthread_t thread;
    arkgrpc_stream *stream;
    uint64_t from;
    int items;
    bool in_turn;
} counter;

static void *count_items(void *argument) {
    counter *counting = argument;
    uint64_t last = counting->from;
    counting->in_turn = true;
    while (counting->items < INVOICES) {
        arkgrpc_result *result = NULL;
        if (arkgrpc_stream_next(counting->stream, PATIENCE_MS, &result) != ARKGRPC_OK) {
            printf("%s\n", arkgrpc_result_json(result));
            arkgrpc_result_free(result);
            return NULL;
        }
        char *index = json_text(arkgrpc_result_json(result), "add_index");
        uint64_t now = index == NULL ? 0 : strtoull(index, NULL, 10);
        counting->in_turn = counting->in_turn && now == last + 1;
        last = now;
        counting->items++;
        free(index);
        arkgrpc_result_free(result);
    }
    return NULL;
}

static void slow_readers_miss_nothing_and_stop_nobody(void) {
    static counter counters[STREAMS];
    pthread_t makers[MAKERS];
    char params[128];
    arkgrpc_stream *beginning = open_stream(ARKGRPC_STREAM_LND_INVOICES, "{}");
    char *hash = add_invoice();
    arkgrpc_result *result = NULL;
    char *index = NULL;
    /* The index of the newest invoice: where the streams under test begin. */
    while (index == NULL) {
        REQUIRE(arkgrpc_stream_next(beginning, PATIENCE_MS, &result) == ARKGRPC_OK);
        if (strstr(arkgrpc_result_json(result), hash) != NULL) {
            index = json_text(arkgrpc_result_json(result), "add_index");
        }
        arkgrpc_result_free(result);
    }
    free(hash);
    snprintf(params, sizeof params, "{\"add_index\":\"%s\"}", index);
    for (int i = 0; i < STREAMS; i++) {
        counters[i].stream = open_stream(ARKGRPC_STREAM_LND_INVOICES, params);
        counters[i].from = strtoull(index, NULL, 10);
    }
    free(index);
    /* Nobody reads while these are made, over the same connections. */
    for (int i = 0; i < MAKERS; i++) {
        REQUIRE(pthread_create(&makers[i], NULL, make_invoices, NULL) == 0);
    }
    for (int i = 0; i < MAKERS; i++) {
        pthread_join(makers[i], NULL);
    }
    CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 5000), ARKGRPC_OK);
    for (int i = 0; i < STREAMS; i++) {
        REQUIRE(pthread_create(&counters[i].thread, NULL, count_items, &counters[i]) == 0);
    }
    for (int i = 0; i < STREAMS; i++) {
        pthread_join(counters[i].thread, NULL);
        CHECK_INT(counters[i].items, INVOICES);
        CHECK(counters[i].in_turn);
        arkgrpc_stream_free(counters[i].stream);
    }
    arkgrpc_stream_free(beginning);
}

static void streams_of_all_kinds_live_side_by_side(void) {
    static const char *const names[] = {ARKGRPC_STREAM_LND_INVOICES, ARKGRPC_STREAM_LND_PAYMENTS,
                                        ARKGRPC_STREAM_LND_TRANSACTIONS,
                                        ARKGRPC_STREAM_LND_CHANNEL_EVENTS};
    enum { KINDS = sizeof names / sizeof names[0] };
    arkgrpc_stream *streams[2 * KINDS];
    for (int i = 0; i < 2 * KINDS; i++) {
        streams[i] = open_stream(names[i % KINDS], "{}");
    }
    char *hash = add_invoice();
    for (int i = 0; i < 2 * KINDS; i++) {
        check_about(names[i % KINDS]);
        if (i % KINDS == 0) {
            CHECK(comes(streams[i], hash));
        } else {
            arkgrpc_result *result = NULL;
            CHECK_INT(arkgrpc_stream_next(streams[i], 50, &result), ARKGRPC_TIMEOUT);
            arkgrpc_result_free(result);
        }
        arkgrpc_stream_free(streams[i]);
    }
    check_about(NULL);
    free(hash);
}

static void a_stream_outlives_client_and_manager(void) {
    arkgrpc_manager *own = manager_from_environment();
    arkgrpc_client *opener = lnd_client(own);
    arkgrpc_stream *stream = NULL;
    CHECK_INT(arkgrpc_client_stream(opener, ARKGRPC_STREAM_LND_INVOICES, ARKGRPC_NTS, NULL, 0, NULL,
                                    &stream, NULL),
              ARKGRPC_OK);
    arkgrpc_client_free(opener);
    arkgrpc_manager_free(own);
    char *hash = add_invoice();
    CHECK(comes(stream, hash));
    free(hash);
    arkgrpc_stream_free(stream);
}

static void what_came_can_be_read_after_closing(void) {
    arkgrpc_manager *own = manager_from_environment();
    arkgrpc_client *opener = lnd_client(own);
    arkgrpc_stream *stream = NULL;
    arkgrpc_result *result = NULL;
    CHECK_INT(arkgrpc_client_stream(opener, ARKGRPC_STREAM_LND_INVOICES, ARKGRPC_NTS, NULL, 0, NULL,
                                    &stream, NULL),
              ARKGRPC_OK);
    /* One of the many on record shows that more are waiting. */
    CHECK_INT(arkgrpc_stream_next(stream, PATIENCE_MS, &result), ARKGRPC_OK);
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_manager_close(own, 5000, NULL), ARKGRPC_OK);
    int left = 0;
    arkgrpc_status status = arkgrpc_stream_next(stream, ARKGRPC_TIMEOUT_ZERO, &result);
    while (status == ARKGRPC_OK) {
        left++;
        arkgrpc_result_free(result);
        status = arkgrpc_stream_next(stream, ARKGRPC_TIMEOUT_ZERO, &result);
    }
    CHECK_INT(status, ARKGRPC_END);
    CHECK(left > 0);
    arkgrpc_result_free(result);
    arkgrpc_stream_free(stream);
    arkgrpc_client_free(opener);
    arkgrpc_manager_free(own);
}

int main(void) {
    manager = manager_from_environment();
    client = lnd_client(manager);
    RUN(an_item_arrives);
    RUN(slow_readers_miss_nothing_and_stop_nobody);
    RUN(streams_of_all_kinds_live_side_by_side);
    RUN(a_stream_outlives_client_and_manager);
    RUN(what_came_can_be_read_after_closing);
    arkgrpc_client_free(client);
    CHECK_INT(arkgrpc_manager_close(manager, 5000, NULL), ARKGRPC_OK);
    arkgrpc_manager_free(manager);
    return finish_checks();
}
