/* 32 threads use the library in every way at once for a given time: calls of several methods while
 * managers and clients are made, closed and freed under them, and calls are cancelled.
 *
 *     hammer SECONDS     under `arkgrpc devnet -- ...`
 *
 * Nothing may hang, every status must be one that its thread can explain, and at the end threads
 * and descriptors are as before. */
#include <arkgrpc.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/process_state.h"

enum {
    STAGES = 4,
    CALLERS = 26,
    RENEWERS = 3,
    CANCELLERS = 2,
    THREADS = CALLERS + RENEWERS + CANCELLERS + 1,
    CALL_MS = 10000,
    CLOSE_MS = 50,
    STATUSES = 1000
};

/* One manager with what belongs to it. Renewed while callers use it: they copy the handles without
 * any lock, so a handle may be freed before its use, which the library must recognise. */
typedef struct {
    _Atomic(arkgrpc_manager *) manager;
    _Atomic(arkgrpc_client *) client;
    _Atomic(arkgrpc_cancel *) cancel;
} stage;

static stage stages[STAGES];
static atomic_bool stop;
static atomic_uint_least64_t seen[STATUSES];
static atomic_int_least64_t longest_call;
static atomic_uint_least64_t renewed;
static atomic_uint_least64_t cancelled;
static atomic_int_least64_t last_progress[THREADS];

static void open_stage(stage *fresh) {
    arkgrpc_manager *manager = manager_from_environment();
    atomic_store(&fresh->client, lnd_client(manager));
    atomic_store(&fresh->manager, manager);
    atomic_store(&fresh->cancel, arkgrpc_cancel_new());
}

static void note_status(arkgrpc_status status) {
    CHECK_BETWEEN(status, 0, STATUSES - 1);
    if (status >= 0 && status < STATUSES) {
        atomic_fetch_add(&seen[status], 1);
    }
}

static void note_duration(int64_t duration) {
    int64_t longest = atomic_load(&longest_call);
    while (duration > longest && !atomic_compare_exchange_weak(&longest_call, &longest, duration)) {
    }
}

/* Mixes the bits of its state; good enough for choosing what comes next. */
static unsigned draw(unsigned *state) {
    *state = *state * 1103515245u + 12345u;
    return *state >> 16;
}

static void one_call(unsigned *random) {
    static const char *const methods[] = {
        ARKGRPC_METHOD_LND_GET_INFO, ARKGRPC_METHOD_LND_ADD_INVOICE,
        ARKGRPC_METHOD_LND_LOOKUP_INVOICE, ARKGRPC_METHOD_LND_TRACK_PAYMENT, "no_such_method"};
    static const char *const params[] = {
        "{}", "{\"amount\":1}",
        "{\"payment_hash\":\"0000000000000000000000000000000000000000000000000000000000000001\"}",
        "{\"payment_hash\":\"0000000000000000000000000000000000000000000000000000000000000001\"}",
        "{}"};
    stage *used = &stages[draw(random) % STAGES];
    unsigned which = draw(random) % (sizeof methods / sizeof methods[0]);
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    arkgrpc_result *result = NULL;
    options.timeout_ms = draw(random) % 8 == 0 ? 1 : CALL_MS;
    options.cancel = draw(random) % 4 == 0 ? atomic_load(&used->cancel) : NULL;
    int64_t start = now_ms();
    arkgrpc_status status =
        arkgrpc_client_call(atomic_load(&used->client), methods[which], ARKGRPC_NTS, params[which],
                            ARKGRPC_NTS, &options, &result);
    note_duration(now_ms() - start);
    note_status(status);
    CHECK_INT(arkgrpc_result_status(result), status);
    CHECK_INT(strlen(arkgrpc_result_json(result)), arkgrpc_result_json_len(result));
    if (status != ARKGRPC_OK) {
        CHECK_CONTAINS(arkgrpc_result_json(result), arkgrpc_status_name(status));
    }
    arkgrpc_result_free(result);
}

static void renew(stage *old, unsigned *random) {
    arkgrpc_manager *manager = atomic_load(&old->manager);
    arkgrpc_client *client = atomic_load(&old->client);
    arkgrpc_cancel *cancel = atomic_load(&old->cancel);
    if (draw(random) % 4 != 0) {
        note_status(arkgrpc_manager_close(manager, CLOSE_MS, NULL));
    }
    if (draw(random) % 2 == 0) {
        arkgrpc_client_free(client);
        arkgrpc_manager_free(manager);
    } else {
        arkgrpc_manager_free(manager);
        arkgrpc_client_free(client);
    }
    open_stage(old);
    arkgrpc_cancel_free(cancel);
    atomic_fetch_add(&renewed, 1);
}

/* Each renewer has stages of its own, the last one all that remain. */
static void renew_own_stages(int number, unsigned *random) {
    for (int i = number; i < STAGES; i += RENEWERS) {
        renew(&stages[i], random);
    }
    for (int looks = 0; looks < 10 && !atomic_load(&stop); looks++) {
        short_pause();
    }
}

static void cancel_and_look(unsigned *random) {
    stage *used = &stages[draw(random) % STAGES];
    arkgrpc_result *result = NULL;
    if (draw(random) % 8 == 0) {
        arkgrpc_cancel_trigger(atomic_load(&used->cancel));
        atomic_fetch_add(&cancelled, 1);
    }
    note_status(arkgrpc_manager_health_check_all(atomic_load(&used->manager), 200, &result));
    arkgrpc_result_free(result);
    note_status(arkgrpc_client_info(atomic_load(&used->client), &result));
    arkgrpc_result_free(result);
    short_pause();
}

static void reconnect_now_and_then(unsigned *random) {
    stage *used = &stages[draw(random) % STAGES];
    note_status(arkgrpc_manager_reconnect(atomic_load(&used->manager), NULL, 0, NULL));
    for (int looks = 0; looks < 20 && !atomic_load(&stop); looks++) {
        short_pause();
    }
}

static void *work(void *argument) {
    int number = *(const int *)argument;
    unsigned random = (unsigned)number * 2654435761u + 1u;
    while (!atomic_load(&stop)) {
        if (number < CALLERS) {
            one_call(&random);
        } else if (number < CALLERS + RENEWERS) {
            renew_own_stages(number - CALLERS, &random);
        } else if (number < CALLERS + RENEWERS + CANCELLERS) {
            cancel_and_look(&random);
        } else {
            reconnect_now_and_then(&random);
        }
        atomic_store(&last_progress[number], now_ms());
    }
    return NULL;
}

static int64_t end_of_run;

/* Ends the wait at the end of the run, or as soon as one thread is stuck. */
static bool over_or_stuck(void *unused) {
    (void)unused;
    int64_t now = now_ms();
    for (int i = 0; i < THREADS; i++) {
        if (now - atomic_load(&last_progress[i]) > CALL_MS + SLACK_MS + CLOSE_MS) {
            printf("thread %d is stuck\n", i);
            return true;
        }
    }
    return now >= end_of_run || checks_failed();
}

static void only_explained_statuses(void) {
    static const arkgrpc_status expected[] = {
        ARKGRPC_OK,
        /* Of handles that were freed before their use, and of methods that do not exist. */
        ARKGRPC_INVALID_HANDLE,
        ARKGRPC_UNKNOWN_METHOD,
        ARKGRPC_CLOSED,
        /* Of hashes that nobody knows. */
        ARKGRPC_NOT_FOUND,
        /* Of a millisecond, of the cancel tokens, of close(). */
        ARKGRPC_DEADLINE_EXCEEDED,
        ARKGRPC_CANCELLED,
        /* Of reconnect() under calls. */
        ARKGRPC_CONNECTION_LOST,
    };
    for (int status = 0; status < STATUSES; status++) {
        uint64_t times = atomic_load(&seen[status]);
        bool explained = times == 0;
        for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
            explained = explained || expected[i] == status;
        }
        if (times > 0) {
            printf("%12" PRIu64 " times %s\n", times, arkgrpc_status_name(status));
        }
        check_about(arkgrpc_status_name(status));
        CHECK(explained);
    }
    check_about(NULL);
    /* A run in which one of these did not occur has not hammered what it is meant to. */
    CHECK(atomic_load(&seen[ARKGRPC_OK]) > 0);
    CHECK(atomic_load(&seen[ARKGRPC_CANCELLED]) > 0);
    CHECK(atomic_load(&seen[ARKGRPC_CLOSED]) + atomic_load(&seen[ARKGRPC_INVALID_HANDLE]) > 0);
    CHECK(atomic_load(&renewed) > STAGES);
}

static int seconds;

static void nothing_hangs_and_nothing_is_left(void) {
    static int numbers[THREADS];
    pthread_t threads[THREADS];
    int threads_before = thread_count();
    int descriptors_before = descriptor_count();
    for (int i = 0; i < STAGES; i++) {
        open_stage(&stages[i]);
    }
    end_of_run = now_ms() + (int64_t)seconds * 1000;
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        atomic_store(&last_progress[i], now_ms());
        REQUIRE(pthread_create(&threads[i], NULL, work, &numbers[i]) == 0);
    }
    wait_until(over_or_stuck, NULL, (int64_t)seconds * 1000 + SLACK_MS);
    REQUIRE(!checks_failed() && now_ms() >= end_of_run);
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++) {
        struct timespec limit;
        clock_gettime(CLOCK_REALTIME, &limit);
        limit.tv_sec += (CALL_MS + SLACK_MS) / 1000;
        REQUIRE(pthread_timedjoin_np(threads[i], NULL, &limit) == 0);
    }
    for (int i = 0; i < STAGES; i++) {
        arkgrpc_client_free(atomic_load(&stages[i].client));
        CHECK_INT(arkgrpc_manager_close(atomic_load(&stages[i].manager), 5000, NULL), ARKGRPC_OK);
        arkgrpc_manager_free(atomic_load(&stages[i].manager));
        arkgrpc_cancel_free(atomic_load(&stages[i].cancel));
    }
    printf("%" PRIu64 " renewals, %" PRIu64 " cancel triggers, longest call %" PRId64 " ms\n",
           atomic_load(&renewed), atomic_load(&cancelled), atomic_load(&longest_call));
    CHECK_BETWEEN(atomic_load(&longest_call), 0, CALL_MS + SLACK_MS);
    only_explained_statuses();
    /* Managers that were freed without close() end in the background. */
    CHECK(wait_for_threads(threads_before, 10000));
    CHECK(wait_for_descriptors(descriptors_before, 10000));
    CHECK_INT(descriptor_count(), descriptors_before);
}

int main(int count, char **arguments) {
    REQUIRE(count == 2);
    seconds = atoi(arguments[1]);
    REQUIRE(seconds > 0);
    RUN(nothing_hangs_and_nothing_is_left);
    return finish_checks();
}
