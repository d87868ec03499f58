/* Nothing is ever written to stdout or stderr, whatever goes wrong. Needs no daemon; uses one when
 * the environment names it. */
#include <arkgrpc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"
#include "harness/process_state.h"

static void whole_life(arkgrpc_manager *manager) {
    static const char *const methods[] = {"get_info",      "add_invoice",   "lookup_invoice",
                                          "send_payment",  "track_payment", "lookup_operation",
                                          "no_such_method"};
    static const char *const params[] = {
        "{}",  "{", "[]", "{\"amount\":1000}", "{\"amount\":-1}", "{\"payment_hash\":\"00\"}",
        "\xff"};
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_result *result = NULL;
    for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
        for (size_t p = 0; p < sizeof params / sizeof params[0]; p++) {
            call_status(client, methods[m], params[p], 300);
        }
    }
    arkgrpc_manager_health_check_all(manager, 300, &result);
    arkgrpc_result_free(result);
    arkgrpc_manager_reconnect(manager, NULL, 0, NULL);
    call_status(client, "get_info", "{}", 300);
    arkgrpc_manager_close(manager, 300, NULL);
    call_status(client, "get_info", "{}", 300);
    arkgrpc_client_free(client);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
    arkgrpc_manager_free(manager);
}

static void a_whole_life_writes_nothing(void) {
    size_t length = 0;
    silent_peer peer = open_silent_peer();
    arkgrpc_manager *none = NULL;
    begin_capture();
    arkgrpc_manager_new("{\"lnd\":{\"port\":-1}}", ARKGRPC_NTS, &none, NULL);
    whole_life(manager_for_port(closed_port()));
    whole_life(manager_for_port(peer.port));
    if (getenv("LND_HOST") != NULL) {
        whole_life(manager_from_environment());
    }
    char *written = end_capture(&length);
    CHECK_TEXT(written, "");
    CHECK_INT(length, 0);
    free(written);
    close_silent_peer(&peer);
}

int main(void) {
    /* Asked for all that a Rust program may print on request. */
    setenv("RUST_LOG", "trace", 1);
    setenv("RUST_BACKTRACE", "full", 1);
    RUN(a_whole_life_writes_nothing);
    return finish_checks();
}
