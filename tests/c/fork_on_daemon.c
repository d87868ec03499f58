/* fork() while calls are under way: the child is told at once, can start afresh, and the parent
 * notices nothing. Run under `arkgrpc devnet -- PROGRAM`. */
#include <arkgrpc.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/process_state.h"

enum { LOADERS = 8, FORKS = 20, CHILD_LIMIT_S = 60 };

static arkgrpc_manager *manager;
static arkgrpc_client *client;
static arkgrpc_cancel *cancel;
static atomic_bool stop;
static atomic_int answered;

static void ignore_line(void *user_data, int32_t level, const char *target, const char *message,
                        const char *fields) {
    (void)user_data, (void)level, (void)target, (void)message, (void)fields;
}

static void *load(void *unused) {
    (void)unused;
    while (!atomic_load(&stop)) {
        if (CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 60000), ARKGRPC_OK)) {
            atomic_fetch_add(&answered, 1);
        }
    }
    return NULL;
}

/* Every function on what the parent made: FORKED, and at once. */
static void inherited_objects_answer_forked(void) {
    arkgrpc_client *more = NULL;
    arkgrpc_result *result = NULL;
    int64_t start = now_ms();
    CHECK_INT(call(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 30000, &result), ARKGRPC_FORKED);
    CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
    CHECK(strlen(arkgrpc_result_hint(result)) > 0);
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_client_info(client, &result), ARKGRPC_FORKED);
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_manager_client(manager, "lnd", 3, &more, NULL), ARKGRPC_FORKED);
    CHECK_INT(arkgrpc_manager_health_check_all(manager, 30000, &result), ARKGRPC_FORKED);
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_manager_reconnect(manager, NULL, 0, NULL), ARKGRPC_FORKED);
    CHECK_INT(arkgrpc_manager_close(manager, 30000, NULL), ARKGRPC_FORKED);
    arkgrpc_cancel_trigger(cancel);
    arkgrpc_cancel_free(cancel);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
    CHECK_BETWEEN(now_ms() - start, 0, SLACK_MS);
    /* Freed or not, it stays the parent's. */
    CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 30000), ARKGRPC_FORKED);
}

static void a_fresh_manager_works(void) {
    arkgrpc_manager *fresh = manager_from_environment();
    arkgrpc_client *own = lnd_client(fresh);
    CHECK_INT(call_status(own, ARKGRPC_METHOD_LND_GET_INFO, "{}", 30000), ARKGRPC_OK);
    CHECK_INT(arkgrpc_log_set(ARKGRPC_LOG_INFO, ignore_line, NULL), ARKGRPC_OK);
    CHECK_INT(call_status(own, ARKGRPC_METHOD_LND_GET_INFO, "{}", 30000), ARKGRPC_OK);
    CHECK_INT(arkgrpc_log_set(ARKGRPC_LOG_OFF, NULL, NULL), ARKGRPC_OK);
    arkgrpc_client_free(own);
    CHECK_INT(arkgrpc_manager_close(fresh, 2000, NULL), ARKGRPC_OK);
    arkgrpc_manager_free(fresh);
}

static bool more_answers(void *wanted) {
    return atomic_load(&answered) > *(int *)wanted;
}

static void forks_at_any_moment(void) {
    for (int i = 0; i < FORKS; i++) {
        int seen = atomic_load(&answered);
        int outcome = 0;
        fflush(stdout);
        pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            /* A child that hangs dies by this signal, and the parent says so. */
            alarm(CHILD_LIMIT_S);
            inherited_objects_answer_forked();
            a_fresh_manager_works();
            fflush(stdout);
            _exit(checks_failed() ? EXIT_FAILURE : EXIT_SUCCESS);
        }
        REQUIRE(waitpid(child, &outcome, 0) == child);
        CHECK(WIFEXITED(outcome));
        CHECK_INT(WIFSIGNALED(outcome) ? WTERMSIG(outcome) : 0, 0);
        CHECK_INT(WEXITSTATUS(outcome), EXIT_SUCCESS);
        CHECK(wait_until(more_answers, &seen, 30000));
    }
}

static void the_parent_goes_on_while_children_come_and_go(void) {
    pthread_t loaders[LOADERS];
    manager = manager_from_environment();
    client = lnd_client(manager);
    cancel = arkgrpc_cancel_new();
    CHECK_INT(arkgrpc_log_set(ARKGRPC_LOG_TRACE, ignore_line, NULL), ARKGRPC_OK);
    for (int i = 0; i < LOADERS; i++) {
        REQUIRE(pthread_create(&loaders[i], NULL, load, NULL) == 0);
    }
    forks_at_any_moment();
    atomic_store(&stop, true);
    for (int i = 0; i < LOADERS; i++) {
        pthread_join(loaders[i], NULL);
    }
    CHECK_INT(arkgrpc_log_set(ARKGRPC_LOG_OFF, NULL, NULL), ARKGRPC_OK);
    arkgrpc_cancel_free(cancel);
    arkgrpc_client_free(client);
    CHECK_INT(arkgrpc_manager_close(manager, 5000, NULL), ARKGRPC_OK);
    arkgrpc_manager_free(manager);
}

int main(void) {
    RUN(the_parent_goes_on_while_children_come_and_go);
    return finish_checks();
}
