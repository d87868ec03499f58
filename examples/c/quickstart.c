/* A first tour of libarkgrpc: open from the environment, ask the node who it is, make an invoice,
 * pay one, and read what an error says. Try it without any daemon of your own:
 *
 *     arkgrpc devnet -- ./quickstart
 */
#include <arkgrpc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints what went wrong and what to do about it; the JSON of the result says it all to programs.
 */
static void explain(const char *what, const arkgrpc_result *result) {
    static const char *const executed[] = {"no", "yes", "unknown"};
    fprintf(stderr, "%s: %s: %s\n  what to do: %s\n  executed: %s\n", what,
            arkgrpc_result_code(result), arkgrpc_result_message(result),
            arkgrpc_result_hint(result), executed[arkgrpc_result_executed(result)]);
}

/* One call: prints the answer and returns it, or explains the error and ends the program. */
static arkgrpc_result *must_call(const arkgrpc_client *lnd, const char *method,
                                 const char *params) {
    arkgrpc_result *result = NULL;
    arkgrpc_status status =
        arkgrpc_client_call(lnd, method, ARKGRPC_NTS, params, ARKGRPC_NTS, NULL, &result);
    if (status != ARKGRPC_OK) {
        explain(method, result);
        exit(EXIT_FAILURE);
    }
    printf("%s %s\n  -> %s\n\n", method, params, arkgrpc_result_json(result));
    return result;
}

static arkgrpc_client *must_open(arkgrpc_status status, const arkgrpc_manager *manager,
                                 arkgrpc_result *result) {
    arkgrpc_client *lnd = NULL;
    if (status == ARKGRPC_OK) {
        arkgrpc_result_free(result);
        status = arkgrpc_manager_client(manager, ARKGRPC_SERVICE_LND, ARKGRPC_NTS, &lnd, &result);
    }
    if (status != ARKGRPC_OK) {
        explain("open", result);
        exit(EXIT_FAILURE);
    }
    arkgrpc_result_free(result);
    return lnd;
}

/* The text of one field. A real program uses the JSON library that it has anyway. */
static char *text_of(const char *json, const char *key) {
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":\"", key);
    const char *start = strstr(json, quoted);
    if (start == NULL) {
        fprintf(stderr, "no %s in %s\n", key, json);
        exit(EXIT_FAILURE);
    }
    start += strlen(quoted);
    return strndup(start, strcspn(start, "\""));
}

/* The second node, configured by JSON instead of the environment. */
static char *invoice_of_bob(void) {
    arkgrpc_manager *manager = NULL;
    arkgrpc_result *result = NULL;
    char config[8192];
    snprintf(config, sizeof config,
             "{\"lnd\":{\"host\":\"%s\",\"port\":%s,\"tls_cert\":\"%s\",\"macaroon\":\"%s\"}}",
             getenv("BOB_LND_HOST"), getenv("BOB_LND_PORT"), getenv("BOB_LND_TLS_CERT"),
             getenv("BOB_LND_MACAROON"));
    arkgrpc_status status = arkgrpc_manager_new(config, ARKGRPC_NTS, &manager, &result);
    arkgrpc_client *bob = must_open(status, manager, result);
    result = must_call(bob, ARKGRPC_METHOD_LND_ADD_INVOICE,
                       "{\"amount\":2100,\"memo\":\"a coffee at bob's\"}");
    char *request = text_of(arkgrpc_result_json(result), "payment_request");
    arkgrpc_result_free(result);
    arkgrpc_client_free(bob);
    arkgrpc_manager_close(manager, 1000, NULL);
    arkgrpc_manager_free(manager);
    return request;
}

static void pay_bob(const arkgrpc_client *lnd) {
    char *request = invoice_of_bob();
    char params[4096];
    snprintf(params, sizeof params, "{\"payment_request\":\"%s\"}", request);
    /* OK means paid, so this is all that a shop has to check. */
    arkgrpc_result_free(must_call(lnd, ARKGRPC_METHOD_LND_SEND_PAYMENT, params));
    free(request);
}

static void show_an_error(const arkgrpc_client *lnd) {
    arkgrpc_result *result = NULL;
    if (arkgrpc_client_call(lnd, ARKGRPC_METHOD_LND_ADD_INVOICE, ARKGRPC_NTS, "{\"amount\":-1}",
                            ARKGRPC_NTS, NULL, &result) != ARKGRPC_OK) {
        printf("add_invoice {\"amount\":-1}\n  -> %s\n", arkgrpc_result_json(result));
        fflush(stdout);
        explain("add_invoice", result);
    }
    arkgrpc_result_free(result);
}

int main(void) {
    arkgrpc_manager *manager = NULL;
    arkgrpc_result *result = NULL;
    printf("libarkgrpc %s\n\n", arkgrpc_version());
    arkgrpc_status status = arkgrpc_manager_new_from_env(&manager, &result);
    arkgrpc_client *lnd = must_open(status, manager, result);

    arkgrpc_result_free(must_call(lnd, ARKGRPC_METHOD_LND_GET_INFO, "{}"));
    arkgrpc_result_free(must_call(lnd, ARKGRPC_METHOD_LND_ADD_INVOICE,
                                  "{\"amount\":1000,\"memo\":\"first steps\"}"));
    if (getenv("BOB_LND_HOST") != NULL) {
        pay_bob(lnd);
    }
    show_an_error(lnd);

    /* Ends calls under way within a second; free alone would leave them to themselves. */
    arkgrpc_client_free(lnd);
    arkgrpc_manager_close(manager, 1000, NULL);
    arkgrpc_manager_free(manager);
    return EXIT_SUCCESS;
}
