/* A user's program: does just enough to need the whole library, and no daemon. */
#include <arkgrpc.h>

#include <stdio.h>
#include <string.h>

int main(void) {
    arkgrpc_manager *manager = NULL;
    arkgrpc_client *client = NULL;
    arkgrpc_status opened = arkgrpc_manager_new("{}", ARKGRPC_NTS, &manager, NULL);
    arkgrpc_status found = arkgrpc_manager_client(manager, "nonsense", ARKGRPC_NTS, &client, NULL);
    arkgrpc_manager_close(manager, 1000, NULL);
    arkgrpc_manager_free(manager);
    printf("libarkgrpc %s: %s, then %s\n", arkgrpc_version(), arkgrpc_status_name(opened),
           arkgrpc_status_name(found));
    return strcmp(arkgrpc_version(), ARKGRPC_VERSION_STRING) == 0 && opened == ARKGRPC_OK &&
                   found == ARKGRPC_UNKNOWN_SERVICE
               ? 0
               : 1;
}
