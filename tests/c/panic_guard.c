/* A defect inside the library becomes status 900: the process, the handles and stderr are spared.
 * Loads the fault-injection build by its path; the shipped library must lack the entry. */
#include <arkgrpc.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/process_state.h"

enum { THREADS = 8, ROUNDS = 200 };

typedef arkgrpc_status (*panic_fn)(arkgrpc_result **result);

static void *library;

/* Through memory: ISO C has no conversion from a data pointer to a function pointer. */
static void load(const char *name, void *function) {
    void *symbol = dlsym(library, name);
    REQUIRE(symbol != NULL);
    memcpy(function, &symbol, sizeof symbol);
}

static panic_fn test_panic;
static __typeof__(arkgrpc_manager_new) *manager_new;
static __typeof__(arkgrpc_manager_client) *manager_client;
static __typeof__(arkgrpc_manager_close) *manager_close;
static __typeof__(arkgrpc_manager_free) *manager_free;
static __typeof__(arkgrpc_client_call) *client_call;
static __typeof__(arkgrpc_client_free) *client_free;
static __typeof__(arkgrpc_result_status) *result_status;
static __typeof__(arkgrpc_result_code) *result_code;
static __typeof__(arkgrpc_result_json) *result_json;
static __typeof__(arkgrpc_result_executed) *result_executed;
static __typeof__(arkgrpc_result_free) *result_free;

static void load_all(void) {
    library = dlopen(FAULT_INJECTION_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        printf("%s\n", dlerror());
    }
    REQUIRE(library != NULL);
    load("arkgrpc_test_panic", &test_panic);
    load("arkgrpc_manager_new", &manager_new);
    load("arkgrpc_manager_client", &manager_client);
    load("arkgrpc_manager_close", &manager_close);
    load("arkgrpc_manager_free", &manager_free);
    load("arkgrpc_client_call", &client_call);
    load("arkgrpc_client_free", &client_free);
    load("arkgrpc_result_status", &result_status);
    load("arkgrpc_result_code", &result_code);
    load("arkgrpc_result_json", &result_json);
    load("arkgrpc_result_executed", &result_executed);
    load("arkgrpc_result_free", &result_free);
}

static void panic_once(void) {
    arkgrpc_result *result = NULL;
    CHECK_INT(test_panic(&result), ARKGRPC_PANIC);
    CHECK_INT(result_status(result), 900);
    CHECK_TEXT(result_code(result), "PANIC");
    CHECK_CONTAINS(result_json(result), "\"code\":\"PANIC\"");
    /* Nobody knows how far the defect let the call come. */
    CHECK_INT(result_executed(result), ARKGRPC_EXECUTED_UNKNOWN);
    result_free(result);
    CHECK_INT(test_panic(NULL), ARKGRPC_PANIC);
}

static void *panic_often(void *unused) {
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        panic_once();
    }
    return NULL;
}

static void panics_are_silent_and_process_and_handles_live_on(void) {
    static const char config[] = "{\"lnd\":{\"tls_cert\":\"" TEST_CERTIFICATE "\"}}";
    pthread_t threads[THREADS];
    arkgrpc_manager *manager = NULL;
    arkgrpc_client *client = NULL;
    arkgrpc_result *result = NULL;
    size_t length = 0;
    CHECK_INT(manager_new(config, ARKGRPC_NTS, &manager, NULL), ARKGRPC_OK);
    CHECK_INT(manager_client(manager, "lnd", 3, &client, NULL), ARKGRPC_OK);

    setenv("RUST_BACKTRACE", "1", 1);
    begin_capture();
    for (int i = 0; i < THREADS; i++) {
        REQUIRE(pthread_create(&threads[i], NULL, panic_often, NULL) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    char *written = end_capture(&length);
    CHECK_TEXT(written, "");
    CHECK_INT(length, 0);
    free(written);

    CHECK_INT(client_call(client, "no_such_method", ARKGRPC_NTS, "{}", 2, NULL, &result),
              ARKGRPC_UNKNOWN_METHOD);
    result_free(result);
    client_free(client);
    CHECK_INT(manager_close(manager, 500, NULL), ARKGRPC_OK);
    manager_free(manager);
}

static void the_shipped_library_lacks_the_entries(void) {
    void *shipped = dlopen(SHIPPED_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    REQUIRE(shipped != NULL);
    CHECK(dlsym(shipped, "arkgrpc_client_call") != NULL);
    CHECK(dlsym(shipped, "arkgrpc_test_panic") == NULL);
    CHECK(dlsym(shipped, "arkgrpc_test_use_after_free") == NULL);
}

int main(void) {
    load_all();
    RUN(panics_are_silent_and_process_and_handles_live_on);
    RUN(the_shipped_library_lacks_the_entries);
    return finish_checks();
}
