/* The header as the only include, in every language standard that it promises, and the one macro
 * that initialises a struct. */
#include <arkgrpc.h>

static void on_log(void *user_data, int32_t level, const char *target, const char *message,
                   const char *fields_json) {
    (void)user_data;
    (void)level;
    (void)target;
    (void)message;
    (void)fields_json;
}

int main(void) {
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    arkgrpc_log_fn hook = on_log;
    arkgrpc_status status = ARKGRPC_OK;
    options.timeout_ms = ARKGRPC_TIMEOUT_INFINITE;
    options.operation_id_len = ARKGRPC_NTS;
    options.flags = ARKGRPC_FLAG_NO_RETRY;
    hook((void *)0, ARKGRPC_LOG_INFO, ARKGRPC_SERVICE_LND, ARKGRPC_METHOD_LND_GET_INFO, "{}");
    return options.struct_size == sizeof(arkgrpc_call_options) && status == ARKGRPC_OK ? 0 : 1;
}
