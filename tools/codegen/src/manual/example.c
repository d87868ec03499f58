#include <arkgrpc.h>
#include <stdio.h>
#include <string.h>

static int fail(const char *what, arkgrpc_result *result) {
    fprintf(stderr, "%s: %s: %s\n%s\n", what, arkgrpc_result_code(result),
            arkgrpc_result_message(result), arkgrpc_result_hint(result));
    arkgrpc_result_free(result);
    return 1;
}

int main(int argc, char **argv) {
    const char *format = "{\"lnd\":{\"tls_cert\":\"%s\",\"macaroon\":\"%s\"}}";
    char config[2048];
    arkgrpc_manager *manager;
    arkgrpc_client *lnd;
    arkgrpc_result *result;
    arkgrpc_status status;

    if (argc != 3 || strlen(argv[1]) + strlen(argv[2]) > 1024) {
        fprintf(stderr, "usage: node_info TLS_CERT MACAROON\n");
        return 2;
    }
    snprintf(config, sizeof config, format, argv[1], argv[2]);
    status = arkgrpc_manager_new(config, ARKGRPC_NTS, &manager, &result);
    if (status != ARKGRPC_OK)
        return fail("configuration", result);
    arkgrpc_result_free(result);

    status = arkgrpc_manager_client(manager, ARKGRPC_SERVICE_LND, ARKGRPC_NTS, &lnd, &result);
    if (status == ARKGRPC_OK) {
        arkgrpc_result_free(result);
        status = arkgrpc_client_call(lnd, ARKGRPC_METHOD_LND_GET_INFO, ARKGRPC_NTS, "{}",
                                     ARKGRPC_NTS, NULL, &result);
    }
    if (status == ARKGRPC_OK) {
        printf("%s\n", arkgrpc_result_json(result));
        arkgrpc_result_free(result);
    } else {
        fail("get_info", result);
    }
    arkgrpc_client_free(lnd);
    arkgrpc_manager_close(manager, ARKGRPC_TIMEOUT_DEFAULT, NULL);
    arkgrpc_manager_free(manager);
    return status == ARKGRPC_OK ? 0 : 1;
}
