/* Objects in every free order, closing, and what outlives what. Needs no daemon. */
#include <arkgrpc.h>

#include <string.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"
#include "harness/process_state.h"

enum { OBJECTS = 5 };

typedef struct {
    arkgrpc_manager *manager;
    arkgrpc_client *first;
    arkgrpc_client *second;
    arkgrpc_cancel *cancel;
    arkgrpc_result *result;
} object_set;

static object_set make_objects(int port) {
    object_set set;
    memset(&set, 0, sizeof set);
    set.manager = manager_for_port(port);
    set.first = lnd_client(set.manager);
    set.second = lnd_client(set.manager);
    set.cancel = arkgrpc_cancel_new();
    CHECK(set.cancel != NULL);
    CHECK_INT(call(set.first, "no_such_method", "{}", 0, &set.result), ARKGRPC_UNKNOWN_METHOD);
    REQUIRE(set.result != NULL);
    return set;
}

static void free_object(object_set *set, int which) {
    switch (which) {
    case 0:
        arkgrpc_manager_free(set->manager);
        set->manager = NULL;
        break;
    case 1:
        arkgrpc_client_free(set->first);
        set->first = NULL;
        break;
    case 2:
        arkgrpc_client_free(set->second);
        set->second = NULL;
        break;
    case 3:
        arkgrpc_cancel_free(set->cancel);
        set->cancel = NULL;
        break;
    default:
        arkgrpc_result_free(set->result);
        set->result = NULL;
        break;
    }
}

/* Whatever is still there must still work, whoever is gone already. */
static void use_what_is_left(const object_set *set) {
    const arkgrpc_client *clients[] = {set->first, set->second};
    for (int i = 0; i < 2; i++) {
        if (clients[i] != NULL) {
            CHECK_INT(call_status(clients[i], "no_such_method", "{}", 0), ARKGRPC_UNKNOWN_METHOD);
        }
    }
    if (set->manager != NULL) {
        arkgrpc_client_free(lnd_client(set->manager));
    }
    if (set->cancel != NULL) {
        arkgrpc_cancel_trigger(set->cancel);
    }
    if (set->result != NULL) {
        CHECK_INT(arkgrpc_result_status(set->result), ARKGRPC_UNKNOWN_METHOD);
        CHECK_CONTAINS(arkgrpc_result_json(set->result), "\"code\":\"UNKNOWN_METHOD\"");
    }
}

static int orders;

static void free_in_order(const int *order, int port) {
    object_set set = make_objects(port);
    for (int i = 0; i < OBJECTS; i++) {
        free_object(&set, order[i]);
        use_what_is_left(&set);
    }
    orders++;
}

static void permute(int *order, int from, int port) {
    if (from == OBJECTS) {
        free_in_order(order, port);
        return;
    }
    for (int i = from; i < OBJECTS; i++) {
        int kept = order[from];
        order[from] = order[i];
        order[i] = kept;
        permute(order, from + 1, port);
        order[i] = order[from];
        order[from] = kept;
    }
}

static void objects_are_freed_in_every_order(void) {
    int order[OBJECTS] = {0, 1, 2, 3, 4};
    permute(order, 0, closed_port());
    CHECK_INT(orders, 120);
}

static void freeing_null_does_nothing(void) {
    arkgrpc_manager_free(NULL);
    arkgrpc_client_free(NULL);
    arkgrpc_result_free(NULL);
    arkgrpc_cancel_free(NULL);
    arkgrpc_cancel_trigger(NULL);
    CHECK(true);
}

static void a_closed_manager_refuses_everything_but_close_and_free(void) {
    arkgrpc_manager *manager = manager_for_port(closed_port());
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_client *late = NULL;
    arkgrpc_result *result = NULL;

    CHECK_INT(arkgrpc_manager_close(manager, 1000, NULL), ARKGRPC_OK);
    CHECK_INT(call(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 1000, &result), ARKGRPC_CLOSED);
    CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_manager_client(manager, "lnd", ARKGRPC_NTS, &late, NULL), ARKGRPC_CLOSED);
    CHECK(late == NULL);
    CHECK_INT(arkgrpc_manager_reconnect(manager, NULL, 0, NULL), ARKGRPC_CLOSED);
    CHECK_INT(arkgrpc_manager_close(manager, 0, NULL), ARKGRPC_OK);
    arkgrpc_manager_free(manager);
    CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 1000), ARKGRPC_CLOSED);
    arkgrpc_client_free(client);
}

static void free_without_close_returns_at_once_with_calls_made(void) {
    silent_peer peer = open_silent_peer();
    arkgrpc_manager *manager = manager_for_port(peer.port);
    arkgrpc_client *client = lnd_client(manager);
    CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 100),
              ARKGRPC_DEADLINE_EXCEEDED);
    int64_t start = now_ms();
    arkgrpc_manager_free(manager);
    arkgrpc_client_free(client);
    CHECK_BETWEEN(now_ms() - start, 0, SLACK_MS);
    close_silent_peer(&peer);
}

static void nothing_is_left_behind(void) {
    int port = closed_port();
    /* What earlier cases left to the background ends first. */
    CHECK(wait_for_threads(1, 5000));
    int threads = thread_count();
    int descriptors = descriptor_count();
    for (int i = 0; i < 20; i++) {
        arkgrpc_manager *manager = manager_for_port(port);
        arkgrpc_client *client = lnd_client(manager);
        call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 50);
        arkgrpc_client_free(client);
        CHECK_INT(arkgrpc_manager_close(manager, 1000, NULL), ARKGRPC_OK);
        /* close() has joined the threads; the last descriptors go with the last handle. */
        CHECK_INT(thread_count(), threads);
        arkgrpc_manager_free(manager);
        CHECK_INT(descriptor_count(), descriptors);
    }
}

static void a_result_outlives_everything(void) {
    arkgrpc_manager *manager = manager_for_port(closed_port());
    arkgrpc_result *result = NULL;
    arkgrpc_client *client = NULL;
    CHECK_INT(arkgrpc_manager_client(manager, "lightning", ARKGRPC_NTS, &client, &result),
              ARKGRPC_UNKNOWN_SERVICE);
    arkgrpc_manager_close(manager, 0, NULL);
    arkgrpc_manager_free(manager);
    CHECK(client == NULL);
    CHECK_TEXT(arkgrpc_result_code(result), "UNKNOWN_SERVICE");
    CHECK_INT(strlen(arkgrpc_result_json(result)), arkgrpc_result_json_len(result));
    CHECK_CONTAINS(arkgrpc_result_message(result), "lightning");
    CHECK(strlen(arkgrpc_result_hint(result)) > 0);
    arkgrpc_result_free(result);
}

int main(void) {
    RUN(objects_are_freed_in_every_order);
    RUN(freeing_null_does_nothing);
    RUN(a_closed_manager_refuses_everything_but_close_and_free);
    RUN(free_without_close_returns_at_once_with_calls_made);
    RUN(nothing_is_left_behind);
    RUN(a_result_outlives_everything);
    return finish_checks();
}
