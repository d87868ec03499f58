/* Faults that the address sanitizer must see: the control of the tier `asan`. Linked to the build
 * with fault injection, whose one planted fault is inside the library.
 *
 *     planted_faults freed-in-rust|freed-in-c|leak */
#include <arkgrpc.h>

#include <stdio.h>
#include <string.h>

#include "harness/check.h"

/* In no header: only the build with fault injection has it. */
arkgrpc_status arkgrpc_test_use_after_free(arkgrpc_result **result);

static arkgrpc_result *any_result(void) {
    arkgrpc_result *result = NULL;
    REQUIRE(arkgrpc_build_info(&result) == ARKGRPC_OK);
    return result;
}

static void read_a_freed_result(void) {
    arkgrpc_result *result = any_result();
    const char *json = arkgrpc_result_json(result);
    arkgrpc_result_free(result);
    printf("the first letter was %c\n", *(const volatile char *)json);
}

static void lose_results(void) {
    for (int i = 0; i < 10; i++) {
        any_result();
    }
}

int main(int count, char **arguments) {
    REQUIRE(count == 2);
    if (strcmp(arguments[1], "freed-in-rust") == 0) {
        REQUIRE(arkgrpc_test_use_after_free(NULL) == ARKGRPC_OK);
    } else if (strcmp(arguments[1], "freed-in-c") == 0) {
        read_a_freed_result();
    } else {
        REQUIRE(strcmp(arguments[1], "leak") == 0);
        lose_results();
    }
    puts("nobody noticed");
    return 0;
}
