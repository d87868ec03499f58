/* The log hook: its own thread, levels, no way back into the library, and silence once it is
 * cleared. Needs no daemon. */
#include <arkgrpc.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"
#include "harness/process_state.h"

static arkgrpc_manager *manager;
static arkgrpc_client *client;
static int port;

typedef struct {
    atomic_int lines;
    atomic_int worst_level;
    atomic_int malformed;
    atomic_int on_the_caller;
    pthread_t caller;
    atomic_bool inside;
} log_book;

static void note_line(void *user_data, int32_t level, const char *target, const char *message,
                      const char *fields) {
    log_book *book = user_data;
    atomic_store(&book->inside, true);
    if (level > atomic_load(&book->worst_level)) {
        atomic_store(&book->worst_level, level);
    }
    if (target == NULL || target[0] == '\0' || message == NULL || fields == NULL ||
        fields[0] != '{' || fields[strlen(fields) - 1] != '}') {
        atomic_fetch_add(&book->malformed, 1);
    }
    if (pthread_equal(pthread_self(), book->caller)) {
        atomic_fetch_add(&book->on_the_caller, 1);
    }
    atomic_store(&book->inside, false);
    atomic_fetch_add(&book->lines, 1);
}

static bool has_lines(void *book) {
    return atomic_load(&((log_book *)book)->lines) > 0;
}

static void fail_once(void) {
    arkgrpc_manager_reconnect(manager, "lnd", 3, NULL);
    call_status(client, "get_info", "{}", 1000);
}

static void lines_come_on_a_thread_of_their_own(void) {
    static log_book book;
    book.caller = pthread_self();
    CHECK_INT(arkgrpc_log_set(ARKGRPC_LOG_TRACE, note_line, &book), ARKGRPC_OK);
    fail_once();
    CHECK(wait_until(has_lines, &book, 5000));
    CHECK_INT(arkgrpc_log_set(ARKGRPC_LOG_OFF, NULL, NULL), ARKGRPC_OK);
    CHECK_INT(atomic_load(&book.malformed), 0);
    CHECK_INT(atomic_load(&book.on_the_caller), 0);
    CHECK_BETWEEN(atomic_load(&book.worst_level), ARKGRPC_LOG_ERROR, ARKGRPC_LOG_TRACE);
}

static void a_level_keeps_lower_ones_out(void) {
    static log_book book;
    book.caller = pthread_self();
    CHECK_INT(arkgrpc_log_set(ARKGRPC_LOG_WARN, note_line, &book), ARKGRPC_OK);
    for (int i = 0; i < 5; i++) {
        fail_once();
    }
    CHECK_INT(arkgrpc_log_set(ARKGRPC_LOG_OFF, NULL, NULL), ARKGRPC_OK);
    CHECK_BETWEEN(atomic_load(&book.worst_level), 0, ARKGRPC_LOG_WARN);
}

static void nothing_comes_after_it_was_cleared(void) {
    for (int i = 0; i < 20; i++) {
        log_book book;
        memset(&book, 0, sizeof book);
        CHECK_INT(arkgrpc_log_set(ARKGRPC_LOG_TRACE, note_line, &book), ARKGRPC_OK);
        fail_once();
        CHECK_INT(arkgrpc_log_set(ARKGRPC_LOG_TRACE, NULL, NULL), ARKGRPC_OK);
        /* From here on the book may go out of scope: no line is under way, none will come. */
        CHECK(!atomic_load(&book.inside));
        int lines = atomic_load(&book.lines);
        fail_once();
        CHECK_INT(atomic_load(&book.lines), lines);
    }
}

/* What each function answers when the hook calls it. */
typedef struct {
    atomic_bool done;
    arkgrpc_status manager_new, from_env, get_client, health, reconnect, close, call, log_set;
    bool no_manager, no_client;
} way_back;

static void call_back_in(void *user_data, int32_t level, const char *target, const char *message,
                         const char *fields) {
    way_back *way = user_data;
    arkgrpc_manager *made = NULL;
    arkgrpc_client *got = NULL;
    arkgrpc_result *result = NULL;
    (void)level, (void)target, (void)message, (void)fields;
    if (atomic_load(&way->done)) {
        return;
    }
    way->manager_new = arkgrpc_manager_new("{}", 2, &made, NULL);
    way->from_env = arkgrpc_manager_new_from_env(&made, NULL);
    way->get_client = arkgrpc_manager_client(manager, "lnd", 3, &got, NULL);
    way->health = arkgrpc_manager_health_check_all(manager, 100, &result);
    arkgrpc_result_free(result);
    way->reconnect = arkgrpc_manager_reconnect(manager, NULL, 0, NULL);
    way->close = arkgrpc_manager_close(manager, 100, NULL);
    way->call = call(client, "get_info", "{}", 100, &result);
    arkgrpc_result_free(result);
    way->log_set = arkgrpc_log_set(ARKGRPC_LOG_OFF, NULL, NULL);
    way->no_manager = made == NULL;
    way->no_client = got == NULL;
    atomic_store(&way->done, true);
}

static bool is_done(void *way) {
    return atomic_load(&((way_back *)way)->done);
}

static void the_hook_cannot_call_back_in(void) {
    static way_back way;
    CHECK_INT(arkgrpc_log_set(ARKGRPC_LOG_TRACE, call_back_in, &way), ARKGRPC_OK);
    fail_once();
    REQUIRE(wait_until(is_done, &way, 10000));
    CHECK_INT(arkgrpc_log_set(ARKGRPC_LOG_OFF, NULL, NULL), ARKGRPC_OK);
    CHECK_INT(way.manager_new, ARKGRPC_REENTRANT);
    CHECK_INT(way.from_env, ARKGRPC_REENTRANT);
    CHECK_INT(way.get_client, ARKGRPC_REENTRANT);
    CHECK_INT(way.health, ARKGRPC_REENTRANT);
    CHECK_INT(way.reconnect, ARKGRPC_REENTRANT);
    CHECK_INT(way.close, ARKGRPC_REENTRANT);
    CHECK_INT(way.call, ARKGRPC_REENTRANT);
    CHECK_INT(way.log_set, ARKGRPC_REENTRANT);
    CHECK(way.no_manager && way.no_client);
    /* close() was refused, so the manager is open. */
    CHECK_INT(call_status(client, "no_such_method", "{}", 100), ARKGRPC_UNKNOWN_METHOD);
}

static atomic_bool let_go;

static void stay_inside(void *user_data, int32_t level, const char *target, const char *message,
                        const char *fields) {
    (void)level, (void)target, (void)message, (void)fields;
    atomic_store((atomic_bool *)user_data, true);
    while (!atomic_load(&let_go)) {
        short_pause();
    }
}

static bool is_inside(void *inside) {
    return atomic_load((atomic_bool *)inside);
}

/* A hook that hangs costs log lines, never calls. */
static void a_slow_hook_holds_up_no_call(void) {
    static atomic_bool inside;
    CHECK_INT(arkgrpc_log_set(ARKGRPC_LOG_TRACE, stay_inside, &inside), ARKGRPC_OK);
    fail_once();
    CHECK(wait_until(is_inside, &inside, 5000));
    int64_t start = now_ms();
    for (int i = 0; i < 2000; i++) {
        CHECK_INT(call_status(client, "no_such_method", "{}", 100), ARKGRPC_UNKNOWN_METHOD);
    }
    CHECK_INT(call_status(client, "get_info", "{}", 500), ARKGRPC_CONNECT_FAILED);
    CHECK_BETWEEN(now_ms() - start, 0, 5000 + SLACK_MS);
    atomic_store(&let_go, true);
    CHECK_INT(arkgrpc_log_set(ARKGRPC_LOG_OFF, NULL, NULL), ARKGRPC_OK);
}

int main(void) {
    port = closed_port();
    manager = manager_for_port(port);
    client = lnd_client(manager);
    RUN(lines_come_on_a_thread_of_their_own);
    RUN(a_level_keeps_lower_ones_out);
    RUN(nothing_comes_after_it_was_cleared);
    RUN(the_hook_cannot_call_back_in);
    RUN(a_slow_hook_holds_up_no_call);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
    return finish_checks();
}
