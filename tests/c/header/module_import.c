/* The header as a clang module, which is how Swift sees it: types, constants and functions must
 * come through an import, without the text of the header. */
#pragma clang module import Arkgrpc

int main(void) {
    arkgrpc_manager *manager = 0;
    arkgrpc_status status = arkgrpc_manager_new("{}", ARKGRPC_NTS, &manager, 0);
    arkgrpc_manager_free(manager);
    return status == ARKGRPC_OK ? ARKGRPC_EXECUTED_NO : ARKGRPC_PANIC;
}
