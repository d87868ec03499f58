/* A host that has run out of threads or of descriptors: an error that says so, no defect and no end
 * of the process, and the same objects work once there is room again. Needs no daemon. */
#include <arkgrpc.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"
#include "harness/process_state.h"

static atomic_bool no_threads;
static atomic_int refused_threads;
static int port;

/* In place of the C library's: this program exports it. Limits of the system would not do, as they
 * do not bind the superuser. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument) {
    static int (*original)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (atomic_load(&no_threads)) {
        atomic_fetch_add(&refused_threads, 1);
        return EAGAIN;
    }
    if (original == NULL) {
        void *symbol = dlsym(RTLD_NEXT, "pthread_create");
        memcpy(&original, &symbol, sizeof symbol);
    }
    return original(thread, attributes, run, argument);
}

/* One call that cannot be made. Any way of saying no is right that is no defect of the library. */
static void is_refused(const arkgrpc_client *client) {
    arkgrpc_result *result = NULL;
    int64_t start = now_ms();
    arkgrpc_status status =
        call(client, ARKGRPC_METHOD_LND_ADD_INVOICE, "{\"amount\":5}", 3000, &result);
    CHECK_BETWEEN(now_ms() - start, 0, 3000 + SLACK_MS);
    check_about(arkgrpc_status_name(status));
    CHECK(status != ARKGRPC_OK && status != ARKGRPC_PANIC);
    CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
    CHECK(strlen(arkgrpc_result_message(result)) > 0);
    CHECK(strlen(arkgrpc_result_hint(result)) > 0);
    check_about(NULL);
    printf("%s: %s\n", arkgrpc_status_name(status), arkgrpc_result_message(result));
    arkgrpc_result_free(result);
}

static void works_again(arkgrpc_manager *manager, arkgrpc_client *client) {
    CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 20000),
              ARKGRPC_CONNECT_FAILED);
    CHECK_INT(arkgrpc_manager_close(manager, 1000, NULL), ARKGRPC_OK);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void no_thread_can_be_started(void) {
    arkgrpc_manager *manager = manager_for_port(port);
    arkgrpc_client *client = lnd_client(manager);
    int before = thread_count();
    int descriptors = descriptor_count();
    atomic_store(&no_threads, true);
    is_refused(client);
    is_refused(client);
    CHECK_INT(thread_count(), before);
    CHECK_INT(descriptor_count(), descriptors);
    atomic_store(&no_threads, false);
    printf("%d threads were refused\n", atomic_load(&refused_threads));
    works_again(manager, client);
}

/* Names are resolved on a thread of their own, which this manager cannot get any more. */
static void no_thread_can_be_started_for_a_name(void) {
    char config[512];
    arkgrpc_manager *manager = NULL;
    snprintf(config, sizeof config,
             "{\"lnd\":{\"host\":\"localhost\",\"port\":%d,\"tls_cert\":\"%s\"}}", port,
             TEST_CERTIFICATE);
    CHECK_INT(arkgrpc_manager_new(config, ARKGRPC_NTS, &manager, NULL), ARKGRPC_OK);
    arkgrpc_client *client = lnd_client(manager);
    /* Starts whatever is started once, and comes to no name. */
    CHECK_INT(call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", ARKGRPC_TIMEOUT_ZERO),
              ARKGRPC_DEADLINE_EXCEEDED);
    atomic_store(&no_threads, true);
    is_refused(client);
    atomic_store(&no_threads, false);
    works_again(manager, client);
}

static void no_descriptor_can_be_opened(void) {
    arkgrpc_manager *manager = manager_for_port(port);
    arkgrpc_client *client = lnd_client(manager);
    int before = descriptor_count();
    struct rlimit usual;
    REQUIRE(getrlimit(RLIMIT_NOFILE, &usual) == 0);
    int lowest_free = dup(STDIN_FILENO);
    REQUIRE(lowest_free >= 0);
    close(lowest_free);
    struct rlimit none = {(rlim_t)lowest_free, usual.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
    REQUIRE(dup(STDIN_FILENO) < 0 && errno == EMFILE);
    is_refused(client);
    is_refused(client);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &usual) == 0);
    CHECK_INT(descriptor_count(), before);
    works_again(manager, client);
}

int main(void) {
    port = closed_port();
    RUN(no_thread_can_be_started);
    RUN(no_thread_can_be_started_for_a_name);
    RUN(no_descriptor_can_be_opened);
    return finish_checks();
}
