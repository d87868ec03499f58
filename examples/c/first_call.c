#include <arkgrpc.h>
#include <stdio.h>

int main(void) {
    arkgrpc_manager *manager = NULL;
    arkgrpc_client *lnd = NULL;
    arkgrpc_result *result = NULL;

    if (arkgrpc_manager_new_from_env(&manager, NULL) != ARKGRPC_OK ||
        arkgrpc_manager_client(manager, "lnd", ARKGRPC_NTS, &lnd, NULL) != ARKGRPC_OK) {
        fputs("set LND_HOST, LND_PORT, LND_TLS_CERT and LND_MACAROON\n", stderr);
        return 1;
    }
    arkgrpc_status status =
        arkgrpc_client_call(lnd, "get_info", ARKGRPC_NTS, "{}", ARKGRPC_NTS, NULL, &result);
    puts(arkgrpc_result_json(result)); /* the answer, or the error with its remedy */

    arkgrpc_result_free(result);
    arkgrpc_client_free(lnd);
    arkgrpc_manager_free(manager);
    return status == ARKGRPC_OK ? 0 : 1;
}
