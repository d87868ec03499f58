/* Version, status numbers and registry: header and library say the same. Needs no daemon. */
#include <arkgrpc.h>

#include <stdio.h>
#include <string.h>

#include "frozen_statuses.h" /* generated from tests/abi/status.txt */
#include "harness/check.h"

static void header_and_library_agree_on_the_version(void) {
    char text[64];
    snprintf(text, sizeof text, "%d.%d.%d", ARKGRPC_VERSION_MAJOR, ARKGRPC_VERSION_MINOR,
             ARKGRPC_VERSION_PATCH);
    CHECK_TEXT(ARKGRPC_VERSION_STRING, text);
    CHECK_TEXT(arkgrpc_version(), text);
    CHECK_TEXT(CRATE_VERSION, text);
    CHECK_INT(arkgrpc_abi_version(), ARKGRPC_ABI_MAJOR * 65536 + ARKGRPC_ABI_MINOR);
    CHECK_INT(ARKGRPC_ABI_MAJOR, ARKGRPC_VERSION_MAJOR);
    CHECK_INT(ARKGRPC_ABI_MINOR, ARKGRPC_VERSION_MINOR);
}

static void statuses_are_frozen(void) {
    static const int count = (int)(sizeof frozen_statuses / sizeof frozen_statuses[0]);
    int last = -1;
    for (int i = 0; i < count; i++) {
        check_about(frozen_statuses[i].name);
        CHECK_INT(frozen_statuses[i].enumerator, frozen_statuses[i].number);
        CHECK_TEXT(arkgrpc_status_name(frozen_statuses[i].number), frozen_statuses[i].name);
        CHECK(frozen_statuses[i].number > last);
        last = frozen_statuses[i].number;
    }
    CHECK_BETWEEN(count, 40, 1000);
}

/* Every number that has a name stands in the frozen list. */
static void no_status_is_missing_from_the_list(void) {
    static const int count = (int)(sizeof frozen_statuses / sizeof frozen_statuses[0]);
    int named = 0;
    const char *unknown = arkgrpc_status_name(9999);
    for (int number = -10; number < 2000; number++) {
        named += strcmp(arkgrpc_status_name(number), unknown) != 0;
    }
    CHECK_INT(named, count);
}

static void build_info_and_registry_answer(void) {
    static const char *const methods[] = {
        ARKGRPC_METHOD_LND_GET_INFO,       ARKGRPC_METHOD_LND_ADD_INVOICE,
        ARKGRPC_METHOD_LND_LOOKUP_INVOICE, ARKGRPC_METHOD_LND_SEND_PAYMENT,
        ARKGRPC_METHOD_LND_TRACK_PAYMENT,  ARKGRPC_METHOD_LND_LOOKUP_OPERATION,
    };
    arkgrpc_result *result = NULL;
    CHECK_INT(arkgrpc_build_info(&result), ARKGRPC_OK);
    CHECK_CONTAINS(arkgrpc_result_json(result), ARKGRPC_VERSION_STRING);
    CHECK_INT(arkgrpc_result_json_len(result), strlen(arkgrpc_result_json(result)));
    arkgrpc_result_free(result);
    CHECK_INT(arkgrpc_methods(&result), ARKGRPC_OK);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        char quoted[64];
        snprintf(quoted, sizeof quoted, "\"%s\"", methods[i]);
        CHECK_CONTAINS(arkgrpc_result_json(result), quoted);
    }
    CHECK(strpbrk(arkgrpc_result_json(result), "\n\t") == NULL);
    arkgrpc_result_free(result);
}

int main(void) {
    RUN(header_and_library_agree_on_the_version);
    RUN(statuses_are_frozen);
    RUN(no_status_is_missing_from_the_list);
    RUN(build_info_and_registry_answer);
    return finish_checks();
}
