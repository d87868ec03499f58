/* Calls that a daemon answers leave the calling thread as it was: errno, signal mask, signals that
 * were pending, its chance to be cancelled; and they need little of its stack. The calling thread
 * may do the network's work itself, so these are about it. Run under `arkgrpc devnet -- PROGRAM`.
 */
#include <arkgrpc.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/process_state.h"

enum { MARK = 4711, CALLERS = 8, ROUNDS = 25, CANCELS = 40, SMALL_STACK = 64 << 10 };

static arkgrpc_manager *manager;
static arkgrpc_client *client;
static arkgrpc_client *bob;
static arkgrpc_manager *manager_of_bob;

static void open_bob(void) {
    char config[8192];
    snprintf(config, sizeof config,
             "{\"lnd\":{\"host\":\"%s\",\"port\":%s,\"tls_cert\":\"%s\",\"macaroon\":\"%s\"}}",
             getenv("BOB_LND_HOST"), getenv("BOB_LND_PORT"), getenv("BOB_LND_TLS_CERT"),
             getenv("BOB_LND_MACAROON"));
    REQUIRE(arkgrpc_manager_new(config, ARKGRPC_NTS, &manager_of_bob, NULL) == ARKGRPC_OK);
    bob = lnd_client(manager_of_bob);
}

/* A read, a write, and the whole money path. */
static void pay_bob_from(const arkgrpc_client *payer) {
    arkgrpc_result *made = NULL;
    char params[4096];
    CHECK_INT(call_status(payer, ARKGRPC_METHOD_LND_GET_INFO, "{}", 30000), ARKGRPC_OK);
    CHECK_INT(call(bob, ARKGRPC_METHOD_LND_ADD_INVOICE, "{\"amount\":3}", 30000, &made),
              ARKGRPC_OK);
    char *request = json_text(arkgrpc_result_json(made), "payment_request");
    arkgrpc_result_free(made);
    REQUIRE(request != NULL);
    snprintf(params, sizeof params, "{\"payment_request\":\"%s\"}", request);
    CHECK_INT(call_status(payer, ARKGRPC_METHOD_LND_SEND_PAYMENT, params, 30000), ARKGRPC_OK);
    free(request);
}

static void errno_is_kept_by_calls_that_succeed(void) {
    errno = MARK;
    CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 30000), ARKGRPC_OK);
    CHECK_INT(errno, MARK);
    for (int round = 0; round < ROUNDS; round++) {
        errno = MARK + round;
        CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_ADD_INVOICE, "{\"amount\":7}", 30000),
                  ARKGRPC_OK);
        CHECK_INT(errno, MARK + round);
    }
}

static void compare_masks(const sigset_t *before) {
    sigset_t after;
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    for (int number = 1; number < 65; number++) {
        CHECK_INT(sigismember(&after, number), sigismember(before, number));
    }
}

static bool pending(int number) {
    sigset_t set;
    REQUIRE(sigpending(&set) == 0);
    return sigismember(&set, number) == 1;
}

/* With this mask, before and after: the same signals blocked, none the less and none the more. */
static void *call_with_sigpipe_unblocked(void *unused) {
    (void)unused;
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    CHECK_INT(sigismember(&before, SIGPIPE), 0);
    for (int round = 0; round < ROUNDS; round++) {
        CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 30000), ARKGRPC_OK);
        compare_masks(&before);
        CHECK(!pending(SIGPIPE));
    }
    return NULL;
}

static bool take(const sigset_t *set, int number) {
    struct timespec none = {0, 0};
    return sigtimedwait(set, NULL, &none) == number;
}

/* A SIGPIPE of the host's own, raised before the calls for this thread, is still there after them.
 */
static void *call_with_a_sigpipe_pending(void *unused) {
    (void)unused;
    sigset_t pipe_alone;
    sigset_t before;
    sigemptyset(&pipe_alone);
    sigaddset(&pipe_alone, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_alone, NULL);
    pthread_kill(pthread_self(), SIGPIPE);
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    for (int round = 0; round < ROUNDS; round++) {
        CHECK(pending(SIGPIPE));
        CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 30000), ARKGRPC_OK);
        CHECK(pending(SIGPIPE));
        compare_masks(&before);
    }
    CHECK(take(&pipe_alone, SIGPIPE));
    CHECK(!pending(SIGPIPE));
    /* Blocked and not pending: so it stays. */
    CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 30000), ARKGRPC_OK);
    CHECK(!pending(SIGPIPE));
    return NULL;
}

static void signal_masks_and_pending_signals_are_kept(void) {
    pthread_t callers[2 * CALLERS];
    struct sigaction action;
    for (int i = 0; i < 2 * CALLERS; i++) {
        REQUIRE(
            pthread_create(&callers[i], NULL,
                           i % 2 == 0 ? call_with_sigpipe_unblocked : call_with_a_sigpipe_pending,
                           NULL) == 0);
    }
    for (int i = 0; i < 2 * CALLERS; i++) {
        pthread_join(callers[i], NULL);
    }
    REQUIRE(sigaction(SIGPIPE, NULL, &action) == 0);
    CHECK(action.sa_handler == SIG_DFL);
}

static void *live_a_whole_life(void *unused) {
    (void)unused;
    arkgrpc_manager *own = manager_from_environment();
    arkgrpc_client *own_client = lnd_client(own);
    arkgrpc_result *result = NULL;
    pay_bob_from(own_client);
    CHECK_INT(arkgrpc_manager_health_check_all(own, 30000, &result), ARKGRPC_OK);
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_manager_close(own, 5000, NULL), ARKGRPC_OK);
    arkgrpc_client_free(own_client);
    arkgrpc_manager_free(own);
    return NULL;
}

static void small_stacks_suffice_for_dials_and_payments(void) {
    pthread_attr_t attributes;
    pthread_t threads[CALLERS];
    pthread_attr_init(&attributes);
    REQUIRE(pthread_attr_setstacksize(&attributes, SMALL_STACK) == 0);
    for (int i = 0; i < CALLERS; i++) {
        REQUIRE(pthread_create(&threads[i], &attributes, live_a_whole_life, NULL) == 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    }
    pthread_attr_destroy(&attributes);
}

typedef struct {
    atomic_int finished;
    atomic_int unexpected;
} cancelled_caller;

static void *call_until_cancelled(void *argument) {
    cancelled_caller *own = argument;
    for (;;) {
        arkgrpc_status status = call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 30000);
        if (status != ARKGRPC_OK) {
            atomic_fetch_add(&own->unexpected, 1);
        }
        atomic_fetch_add(&own->finished, 1);
        pthread_testcancel();
    }
    return NULL;
}

static bool has_finished_some(void *argument) {
    return atomic_load(&((cancelled_caller *)argument)->finished) >= 2;
}

/* Whenever it comes, a call under way goes to its end, and what all share is not left locked. */
static void cancelled_threads_finish_their_call_first(void) {
    for (int i = 0; i < CANCELS; i++) {
        cancelled_caller own = {0, 0};
        pthread_t caller;
        void *outcome = NULL;
        REQUIRE(pthread_create(&caller, NULL, call_until_cancelled, &own) == 0);
        REQUIRE(wait_until(has_finished_some, &own, 30000));
        REQUIRE(pthread_cancel(caller) == 0);
        pthread_join(caller, &outcome);
        CHECK(outcome == PTHREAD_CANCELED);
        CHECK_INT(atomic_load(&own.unexpected), 0);
        CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 30000), ARKGRPC_OK);
    }
}

int main(void) {
    signal(SIGPIPE, SIG_DFL);
    manager = manager_from_environment();
    client = lnd_client(manager);
    open_bob();
    RUN(errno_is_kept_by_calls_that_succeed);
    RUN(signal_masks_and_pending_signals_are_kept);
    RUN(small_stacks_suffice_for_dials_and_payments);
    RUN(cancelled_threads_finish_their_call_first);
    arkgrpc_client_free(client);
    arkgrpc_client_free(bob);
    CHECK_INT(arkgrpc_manager_close(manager, 5000, NULL), ARKGRPC_OK);
    CHECK_INT(arkgrpc_manager_close(manager_of_bob, 5000, NULL), ARKGRPC_OK);
    arkgrpc_manager_free(manager);
    arkgrpc_manager_free(manager_of_bob);
    return finish_checks();
}
