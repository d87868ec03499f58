/* Inputs belong to the caller: nothing is read beyond their length, and nothing is kept after the
 * call. Needs no daemon; says more under valgrind. */
#include <arkgrpc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"

/* A text without a terminator that ends where readable memory ends. */
typedef struct {
    char *pages;
    char *text;
    size_t length;
} edge_text;

static edge_text at_the_edge(const char *text) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    edge_text edge = {NULL, NULL, strlen(text)};
    REQUIRE(edge.length <= page);
    edge.pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(edge.pages != MAP_FAILED);
    REQUIRE(mprotect(edge.pages + page, page, PROT_NONE) == 0);
    edge.text = edge.pages + page - edge.length;
    memcpy(edge.text, text, edge.length);
    return edge;
}

/* What a careless caller does with its buffers as soon as the call is back. */
static void scribble_and_free(edge_text *edge) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    memset(edge->text, 0xa5, edge->length);
    munmap(edge->pages, 2 * page);
}

static arkgrpc_manager *manager_from_scribbled_text(int port) {
    char *config = config_for_port(port);
    edge_text edge = at_the_edge(config);
    arkgrpc_manager *manager = NULL;
    CHECK_INT(arkgrpc_manager_new(edge.text, edge.length, &manager, NULL), ARKGRPC_OK);
    scribble_and_free(&edge);
    free(config);
    return manager;
}

static void configuration_and_service_are_copied(void) {
    int port = closed_port();
    arkgrpc_manager *manager = manager_from_scribbled_text(port);
    arkgrpc_client *client = NULL;
    arkgrpc_result *result = NULL;
    char target[32];

    edge_text service = at_the_edge("lnd");
    CHECK_INT(arkgrpc_manager_client(manager, service.text, service.length, &client, NULL),
              ARKGRPC_OK);
    scribble_and_free(&service);
    CHECK_INT(arkgrpc_client_info(client, &result), ARKGRPC_OK);
    snprintf(target, sizeof target, "127.0.0.1:%d", port);
    CHECK_CONTAINS(arkgrpc_result_json(result), target);
    CHECK_CONTAINS(arkgrpc_result_json(result), "\"lnd\"");
    arkgrpc_result_free(result);

    edge_text wrong = at_the_edge("lightning");
    arkgrpc_client *none = NULL;
    CHECK_INT(arkgrpc_manager_client(manager, wrong.text, wrong.length, &none, &result),
              ARKGRPC_UNKNOWN_SERVICE);
    scribble_and_free(&wrong);
    CHECK_CONTAINS(arkgrpc_result_message(result), "lightning");
    arkgrpc_result_free(result);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void a_call_keeps_nothing_of_its_inputs(void) {
    arkgrpc_manager *manager = manager_for_port(closed_port());
    arkgrpc_client *client = lnd_client(manager);
    for (int round = 0; round < 10; round++) {
        edge_text method = at_the_edge("add_invoice");
        edge_text params = at_the_edge("{\"amount\":1000,\"memo\":\"scribbled\"}");
        edge_text metadata = at_the_edge("{\"x-trace\":\"scribbled\"}");
        arkgrpc_call_options *options = malloc(sizeof *options);
        arkgrpc_result *result = NULL;
        REQUIRE(options != NULL);
        *options = (arkgrpc_call_options)ARKGRPC_CALL_OPTIONS_INIT;
        options->timeout_ms = 200;
        options->metadata_json = metadata.text;
        options->metadata_json_len = metadata.length;
        arkgrpc_status status = arkgrpc_client_call(client, method.text, method.length, params.text,
                                                    params.length, options, &result);
        memset(options, 0xa5, sizeof *options);
        free(options);
        scribble_and_free(&method);
        scribble_and_free(&params);
        scribble_and_free(&metadata);
        CHECK(found_no_daemon(status) || status == ARKGRPC_DEADLINE_EXCEEDED);
        CHECK_CONTAINS(arkgrpc_result_json(result), "\"method\":\"add_invoice\"");
        arkgrpc_result_free(result);
    }
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void an_operation_id_is_copied(void) {
    arkgrpc_manager *manager = manager_for_port(closed_port());
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    arkgrpc_result *result = NULL;
    edge_text id = at_the_edge("order-4711");
    options.operation_id = id.text;
    options.operation_id_len = id.length;
    options.timeout_ms = 200;
    /* A preimage, since an operation_id alone needs a secret in the configuration. */
    static const char params[] = "{\"amount\":1000,\"preimage\":"
                                 "\"00112233445566778899aabbccddeeff"
                                 "00112233445566778899aabbccddeeff\"}";
    CHECK(arkgrpc_client_call(client, "add_invoice", ARKGRPC_NTS, params, ARKGRPC_NTS, &options,
                              &result) != ARKGRPC_OK);
    scribble_and_free(&id);
    CHECK_TEXT(arkgrpc_result_operation_id(result), "order-4711");
    CHECK_CONTAINS(arkgrpc_result_json(result), "\"operation_id\":\"order-4711\"");
    arkgrpc_result_free(result);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

static void both_ways_of_giving_a_length_mean_the_same(void) {
    arkgrpc_manager *manager = manager_for_port(closed_port());
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_result *result = NULL;
    CHECK_INT(arkgrpc_client_call(client, "no_such_method", ARKGRPC_NTS, "{}", 2, NULL, &result),
              ARKGRPC_UNKNOWN_METHOD);
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_client_call(client, "no_such_methodXX", 14, "{}XX", 2, NULL, &result),
              ARKGRPC_UNKNOWN_METHOD);
    CHECK_CONTAINS(arkgrpc_result_message(result), "no_such_method");
    CHECK(strstr(arkgrpc_result_message(result), "XX") == NULL);
    arkgrpc_result_free(result);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
}

int main(void) {
    RUN(configuration_and_service_are_copied);
    RUN(a_call_keeps_nothing_of_its_inputs);
    RUN(an_operation_id_is_copied);
    RUN(both_ways_of_giving_a_length_mean_the_same);
    return finish_checks();
}
