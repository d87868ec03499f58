/* Health beside a daemon that is frozen and thawed: it is found down, writes fail at once
 * meanwhile, old answers stand in, whoever waits is served, and all is well again within a probe's
 * interval. Run under `arkgrpc devnet -- PROGRAM`: the daemon is this program's parent. */
#include <arkgrpc.h>

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/process_state.h"

/* The longest interval of probes while the service is down, and the second that the promise adds.
 */
enum { PROBE_INTERVAL_MS = 6000, PROMISED_MS = PROBE_INTERVAL_MS + 1000, PATIENCE_MS = 60000 };

static arkgrpc_manager *manager;
static arkgrpc_client *client;
static arkgrpc_stream *events;
static pid_t daemon_process;

/* Whether every thread of the daemon stands still: the signal takes effect in each of them alone.
 */
static bool stands_still(void *unused) {
    (void)unused;
    char path[300];
    snprintf(path, sizeof path, "/proc/%d/task", (int)daemon_process);
    DIR *threads = opendir(path);
    bool still = threads != NULL;
    for (struct dirent *entry; still && (entry = readdir(threads)) != NULL;) {
        char state = 'T';
        snprintf(path, sizeof path, "/proc/%d/task/%s/stat", (int)daemon_process, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (file != NULL) {
            still = fscanf(file, "%*d %*[^)]) %c", &state) == 1 && state == 'T';
            fclose(file);
        }
    }
    if (threads != NULL) {
        closedir(threads);
    }
    return still;
}

static void freeze_the_daemon(void) {
    REQUIRE(kill(daemon_process, SIGSTOP) == 0);
    REQUIRE(wait_until(stands_still, NULL, PATIENCE_MS));
}

static void thaw(void) {
    kill(daemon_process, SIGCONT);
}

/* Whatever becomes of this program, its daemon goes on. */
static void thaw_and_die(int number) {
    kill(daemon_process, SIGCONT);
    _exit(number);
}

static arkgrpc_status with_flags(const char *method, const char *params, uint64_t flags,
                                 uint64_t timeout_ms, arkgrpc_result **result) {
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    options.flags = flags;
    options.timeout_ms = timeout_ms;
    return arkgrpc_client_call(client, method, ARKGRPC_NTS, params, ARKGRPC_NTS, &options, result);
}

static arkgrpc_status status_of(const char *method, const char *params, uint64_t flags,
                                uint64_t timeout_ms) {
    arkgrpc_result *result = NULL;
    arkgrpc_status status = with_flags(method, params, flags, timeout_ms, &result);
    arkgrpc_result_free(result);
    return status;
}

/* Reads events until one contains the part. */
static void until_event(const char *part) {
    int64_t limit = now_ms() + PATIENCE_MS;
    bool found = false;
    while (!found && now_ms() < limit) {
        arkgrpc_result *result = NULL;
        arkgrpc_status status = arkgrpc_stream_next(events, 1000, &result);
        CHECK(status == ARKGRPC_OK || status == ARKGRPC_TIMEOUT);
        const char *json = arkgrpc_result_json(result);
        CHECK(status != ARKGRPC_OK || strstr(json, "\"type\":\"item\"") != NULL);
        found = status == ARKGRPC_OK && strstr(json, part) != NULL;
        arkgrpc_result_free(result);
    }
    CHECK_TEXT(found ? part : "it never came", part);
}

static void check_health(const char *part) {
    arkgrpc_result *result = NULL;
    CHECK_INT(arkgrpc_manager_health(manager, &result), ARKGRPC_OK);
    CHECK_CONTAINS(arkgrpc_result_json(result), part);
    arkgrpc_result_free(result);
}

static void a_daemon_that_answers_is_up(void) {
    arkgrpc_result *result = NULL;
    CHECK_INT(with_flags("get_info", "{}", ARKGRPC_FLAG_ALLOW_STALE, 10000, &result), ARKGRPC_OK);
    CHECK_CONTAINS(arkgrpc_result_json(result), "\"stale\":false,\"age_ms\":null}");
    arkgrpc_result_free(result);
    until_event("\"from\":null,\"to\":\"up\"");
    /* Who waits first has the daemon asked what it is fit for. */
    CHECK_INT(status_of("get_info", "{}", ARKGRPC_FLAG_WAIT_FOR_READY, 10000), ARKGRPC_OK);
    check_health("\"state\":\"server_active\"");
    check_health("\"synced_to_chain\":true");
}

static void *wait_patiently(void *status) {
    *(arkgrpc_status *)status =
        status_of("add_invoice", "{\"amount\":1000}", ARKGRPC_FLAG_WAIT_FOR_READY, 60000);
    return NULL;
}

static bool a_write_succeeds(void *unused) {
    (void)unused;
    return status_of("add_invoice", "{\"amount\":1000}", 0, 5000) == ARKGRPC_OK;
}

static void a_frozen_daemon_is_found_and_one_that_thaws_too(void) {
    arkgrpc_result *result = NULL;
    arkgrpc_status patient = ARKGRPC_TIMEOUT;
    pthread_t thread;
    freeze_the_daemon();
    /* Its silence is what makes the library ask. */
    CHECK_INT(status_of("get_info", "{}", 0, 500), ARKGRPC_DEADLINE_EXCEEDED);
    until_event("\"to\":\"degraded\"");
    until_event("\"to\":\"down\"");
    check_health("\"status\":\"down\"");

    int64_t start = now_ms();
    CHECK_INT(with_flags("add_invoice", "{\"amount\":1000}", 0, 20000, &result),
              ARKGRPC_SERVICE_DOWN);
    CHECK_BETWEEN(now_ms() - start, 0, SLACK_MS);
    CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
    arkgrpc_result_free(result);

    CHECK_INT(with_flags("get_info", "{}", ARKGRPC_FLAG_ALLOW_STALE, 500, &result), ARKGRPC_OK);
    CHECK_CONTAINS(arkgrpc_result_json(result), "\"stale\":true");
    arkgrpc_result_free(result);

    REQUIRE(pthread_create(&thread, NULL, wait_patiently, &patient) == 0);
    thaw();
    start = now_ms();
    CHECK(wait_until(a_write_succeeds, NULL, PATIENCE_MS));
    int64_t took = now_ms() - start;
    CHECK_BETWEEN(took, 0, PROMISED_MS + SLACK_MS);
    printf("a write succeeded %d ms after the daemon went on\n", (int)took);
    pthread_join(thread, NULL);
    CHECK_INT(patient, ARKGRPC_OK);
    until_event("\"to\":\"up\"");
    check_health("\"status\":\"up\"");
    check_health("\"last_error\":{");
}

int main(void) {
    manager = manager_from_environment();
    client = lnd_client(manager);
    daemon_process = getppid();
    atexit(thaw);
    signal(SIGTERM, thaw_and_die);
    signal(SIGABRT, thaw_and_die);
    signal(SIGALRM, thaw_and_die);
    alarm(200);
    REQUIRE(arkgrpc_manager_events(manager, NULL, &events, NULL) == ARKGRPC_OK);
    RUN(a_daemon_that_answers_is_up);
    RUN(a_frozen_daemon_is_found_and_one_that_thaws_too);
    CHECK_INT(arkgrpc_manager_close(manager, 5000, NULL), ARKGRPC_OK);
    until_event("\"to\":\"closed\"");
    arkgrpc_stream_free(events);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
    return finish_checks();
}
