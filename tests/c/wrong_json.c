/* The many forms of wrong parameters: each has its status, and the message names what is wrong.
 * Nothing of it may reach the network, so no daemon is needed. */
#include <arkgrpc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"

static arkgrpc_client *client;

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

typedef struct {
    const char *method;
    const char *params;
    arkgrpc_status status;
    const char *named;
} wrong_text;

static void check_refused(const char *method, const char *params, size_t length,
                          arkgrpc_status status, const char *named) {
    arkgrpc_result *result = NULL;
    CHECK_INT(arkgrpc_client_call(client, method, ARKGRPC_NTS, params, length, NULL, &result),
              status);
    CHECK_INT(arkgrpc_result_status(result), status);
    CHECK_CONTAINS(arkgrpc_result_message(result), named);
    CHECK(strlen(arkgrpc_result_hint(result)) > 0);
    CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
    CHECK_INT(arkgrpc_result_attempts(result), 0);
    CHECK_CONTAINS(arkgrpc_result_json(result), "\"origin\":\"local\"");
    CHECK_TEXT(arkgrpc_result_code(result), arkgrpc_status_name(status));
    arkgrpc_result_free(result);
}

static void check_table(const wrong_text *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        check_about(rows[i].params);
        check_refused(rows[i].method, rows[i].params, ARKGRPC_NTS, rows[i].status, rows[i].named);
    }
}

#define CHECK_TABLE(rows) check_table((rows), sizeof(rows) / sizeof((rows)[0]))

static void texts_that_are_no_json(void) {
    static const char *const texts[] = {
        "{",
        "}",
        "{]",
        "{\"amount\":1",
        "{\"amount\"}",
        "{\"amount\":}",
        "{\"amount\":1,}",
        "{,}",
        "{amount:1}",
        "{'amount':1}",
        "{\"amount\":01}",
        "{\"amount\":+1}",
        "{\"amount\":.5}",
        "{\"amount\":1.}",
        "{\"amount\":0x10}",
        "{\"amount\":NaN}",
        "{\"amount\":Infinity}",
        "{\"amount\":-}",
        "{\"amount\":1e}",
        "{\"amount\":1e999}",
        "{\"amount\":tru}",
        "{\"amount\":1} x",
        "{\"amount\":1}{\"amount\":1}",
        "{\"amount\":1 /* one */}",
        "{\"memo\":\"open}",
        "{\"memo\":\"a\nb\"}",
        "{\"memo\":\"\\x\"}",
        "{\"memo\":\"\\u12\"}",
        "{\"memo\":\"\\ud800\"}",
        "{\"memo\":\"\\udc00\\ud800\"}",
        "\xef\xbb\xbf{}",
        "[",
        "[1,]",
        "nul",
        "\"open",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_about(texts[i]);
        check_refused("add_invoice", texts[i], ARKGRPC_NTS, ARKGRPC_INVALID_JSON, "JSON");
    }
}

static void keys_that_stand_twice(void) {
    static const wrong_text rows[] = {
        {"add_invoice", "{\"amount\":1,\"amount\":2}", ARKGRPC_INVALID_JSON, "amount"},
        {"add_invoice", "{\"amount\":1,\"amount\":1}", ARKGRPC_INVALID_JSON, "amount"},
        /* The same key, written with an escape. */
        {"add_invoice", "{\"amount\":1,\"\\u0061mount\":2}", ARKGRPC_INVALID_JSON, "amount"},
        {"add_invoice", "{\"memo\":{\"a\":1,\"a\":2}}", ARKGRPC_INVALID_JSON, "a"},
    };
    CHECK_TABLE(rows);
}

static void things_that_are_no_object(void) {
    static const char *const texts[] = {"[]", "[{}]", "1", "-1.5", "true", "\"text\"", "\"\""};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_about(texts[i]);
        check_refused("get_info", texts[i], ARKGRPC_NTS, ARKGRPC_INVALID_ARGUMENT, "object");
    }
}

static void keys_that_nobody_knows(void) {
    static const wrong_text rows[] = {
        {"get_info", "{\"verbose\":true}", ARKGRPC_INVALID_ARGUMENT, "verbose"},
        {"add_invoice", "{\"amount\":1,\"amont\":1}", ARKGRPC_INVALID_ARGUMENT, "amont"},
        /* The valid ones are named too. */
        {"add_invoice", "{\"amount\":1,\"amont\":1}", ARKGRPC_INVALID_ARGUMENT, "expiry"},
        {"add_invoice", "{\"Amount\":1}", ARKGRPC_INVALID_ARGUMENT, "Amount"},
        {"add_invoice", "{\"amount\":1,\"\":1}", ARKGRPC_INVALID_ARGUMENT, "unknown field"},
        {"lookup_invoice", "{\"r_hash\":\"" HASH "\"}", ARKGRPC_INVALID_ARGUMENT, "r_hash"},
        {"send_payment", "{\"invoice\":\"lnbcrt1\"}", ARKGRPC_INVALID_ARGUMENT, "invoice"},
    };
    CHECK_TABLE(rows);
}

static void values_that_are_missing(void) {
    static const wrong_text rows[] = {
        {"add_invoice", "{}", ARKGRPC_INVALID_ARGUMENT, "amount"},
        {"add_invoice", "", ARKGRPC_INVALID_ARGUMENT, "amount"},
        {"lookup_invoice", "{}", ARKGRPC_INVALID_ARGUMENT, "payment_hash"},
        {"send_payment", "{}", ARKGRPC_INVALID_ARGUMENT, "payment_request"},
        {"track_payment", "{}", ARKGRPC_INVALID_ARGUMENT, "payment_hash"},
        {"lookup_operation", "{}", ARKGRPC_INVALID_ARGUMENT, "operation_id"},
    };
    CHECK_TABLE(rows);
}

static void amounts_that_are_no_amounts(void) {
    static const char *const values[] = {
        "-1",
        "-0.5",
        "0.5",
        "1.0",
        "1e3",
        "1E3",
        "10e-1",
        "-1e3",
        "2100000000000001",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "100000000000000000000000000000",
        "1e30",
        "true",
        "false",
        "[1]",
        "{\"sat\":1}",
        "\"one\"",
        "\"1.5\"",
        "\"-1\"",
        "\"\"",
    };
    static const char *const fields[] = {"amount", "amount_msat"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        for (int f = 0; f < 2; f++) {
            char params[128];
            if (f == 1 && strcmp(values[i], "2100000000000001") == 0) {
                continue; /* In millisatoshis that much exists. */
            }
            snprintf(params, sizeof params, "{\"%s\":%s}", fields[f], values[i]);
            check_about(params);
            check_refused("add_invoice", params, ARKGRPC_NTS, ARKGRPC_INVALID_ARGUMENT, fields[f]);
            snprintf(params, sizeof params, "{\"payment_request\":\"lnbcrt1\",\"%s\":%s}",
                     fields[f], values[i]);
            check_about(params);
            check_refused("send_payment", params, ARKGRPC_NTS, ARKGRPC_INVALID_ARGUMENT, fields[f]);
        }
    }
}

static void values_out_of_range_or_in_contradiction(void) {
    static const wrong_text rows[] = {
        {"add_invoice", "{\"amount\":0}", ARKGRPC_INVALID_ARGUMENT, "any_amount"},
        {"add_invoice", "{\"amount\":1,\"amount_msat\":1000}", ARKGRPC_INVALID_ARGUMENT,
         "amount_msat"},
        {"add_invoice", "{\"amount\":1,\"expiry\":-1}", ARKGRPC_INVALID_ARGUMENT, "expiry"},
        {"add_invoice", "{\"amount\":1,\"expiry\":0}", ARKGRPC_INVALID_ARGUMENT, "expiry"},
        {"add_invoice", "{\"amount\":1,\"expiry\":31536001}", ARKGRPC_INVALID_ARGUMENT, "expiry"},
        {"add_invoice", "{\"amount\":1,\"expiry\":\"soon\"}", ARKGRPC_INVALID_ARGUMENT, "expiry"},
        {"add_invoice", "{\"amount\":1,\"memo\":7}", ARKGRPC_INVALID_ARGUMENT, "memo"},
        {"add_invoice", "{\"amount\":1,\"private\":1}", ARKGRPC_INVALID_ARGUMENT, "private"},
        {"add_invoice", "{\"amount\":1,\"private\":\"yes\"}", ARKGRPC_INVALID_ARGUMENT, "private"},
        {"add_invoice", "{\"amount\":1,\"preimage\":\"00\"}", ARKGRPC_INVALID_ARGUMENT, "preimage"},
        {"lookup_invoice", "{\"payment_hash\":7}", ARKGRPC_INVALID_ARGUMENT, "payment_hash"},
        {"lookup_invoice", "{\"payment_hash\":\"\"}", ARKGRPC_INVALID_ARGUMENT, "payment_hash"},
        {"lookup_invoice", "{\"payment_hash\":\"" HASH "0\"}", ARKGRPC_INVALID_ARGUMENT,
         "payment_hash"},
        {"lookup_invoice", "{\"payment_hash\":\"" HASH "00\"}", ARKGRPC_INVALID_ARGUMENT,
         "payment_hash"},
        {"track_payment", "{\"payment_hash\":\"xyz\"}", ARKGRPC_INVALID_ARGUMENT, "payment_hash"},
        {"send_payment", "{\"payment_request\":\"\"}", ARKGRPC_INVALID_ARGUMENT, "payment_request"},
        {"send_payment", "{\"payment_request\":\"not an invoice\"}", ARKGRPC_INVALID_ARGUMENT,
         "payment_request"},
        {"send_payment", "{\"payment_request\":7}", ARKGRPC_INVALID_ARGUMENT, "payment_request"},
        {"send_payment", "{\"payment_request\":\"lnbcrt1\",\"fee_limit_msat\":-1}",
         ARKGRPC_INVALID_ARGUMENT, "fee_limit_msat"},
    };
    CHECK_TABLE(rows);
}

static void a_memo_that_is_too_long(void) {
    char params[1100];
    char memo[1026];
    memset(memo, 'm', sizeof memo - 1);
    memo[sizeof memo - 1] = '\0';
    snprintf(params, sizeof params, "{\"amount\":1,\"memo\":\"%s\"}", memo);
    check_refused("add_invoice", params, ARKGRPC_NTS, ARKGRPC_INVALID_ARGUMENT, "memo");
}

static void bytes_that_are_no_utf8(void) {
    static const char *const bytes[] = {
        "\x80",             /* a continuation alone */
        "\xc3",             /* cut short */
        "\xc0\xaf",         /* overlong */
        "\xe0\x80\xaf",     /* overlong */
        "\xed\xa0\x80",     /* a surrogate */
        "\xf4\x90\x80\x80", /* beyond the last code point */
        "\xff",             /* never valid */
    };
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        char params[64];
        snprintf(params, sizeof params, "{\"amount\":1,\"memo\":\"%s\"}", bytes[i]);
        check_refused("add_invoice", params, ARKGRPC_NTS, ARKGRPC_INVALID_UTF8, "params_json");
        check_refused(bytes[i], "{}", ARKGRPC_NTS, ARKGRPC_INVALID_UTF8, "method");
    }
}

static void a_nul_inside(void) {
    static const char inside[] = "{\"amount\":1\0}";
    static const char at_the_end[] = "{\"amount\":1}";
    arkgrpc_result *result = NULL;
    check_refused("add_invoice", inside, sizeof inside - 1, ARKGRPC_INNER_NUL, "params_json");
    check_refused("add_invoice", at_the_end, sizeof at_the_end, ARKGRPC_INNER_NUL, "params_json");
    CHECK_INT(arkgrpc_client_call(client, "get\0info", 8, "{}", 2, NULL, &result),
              ARKGRPC_INNER_NUL);
    CHECK_CONTAINS(arkgrpc_result_message(result), "method");
    arkgrpc_result_free(result);
}

/* `open` and `shut` around the middle, `depth` times each. */
static char *nested(const char *open, const char *middle, const char *shut, size_t depth) {
    char *text = malloc((strlen(open) + strlen(shut)) * depth + strlen(middle) + 1);
    char *end = text;
    REQUIRE(text != NULL);
    for (size_t i = 0; i < depth; i++) {
        end = stpcpy(end, open);
    }
    end = stpcpy(end, middle);
    for (size_t i = 0; i < depth; i++) {
        end = stpcpy(end, shut);
    }
    return text;
}

static void nesting_beyond_the_limit(void) {
    static const size_t depths[] = {129, 1000, 1000000};
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        char *lists = nested("[", "", "]", depths[i]);
        char *objects = nested("{\"a\":", "1", "}", depths[i]);
        check_refused("add_invoice", lists, ARKGRPC_NTS, ARKGRPC_JSON_TOO_DEEP, "128");
        check_refused("add_invoice", objects, ARKGRPC_NTS, ARKGRPC_JSON_TOO_DEEP, "128");
        free(lists);
        free(objects);
    }
    /* At the limit it is the content that is wrong. */
    char *deepest = nested("{\"a\":", "1", "}", 127);
    check_refused("add_invoice", deepest, ARKGRPC_NTS, ARKGRPC_INVALID_ARGUMENT, "a");
    free(deepest);
}

static void texts_beyond_the_limit(void) {
    static const size_t limit = (size_t)16 << 20;
    char *text = malloc(limit + 2);
    REQUIRE(text != NULL);
    /* One byte too many of well-formed JSON; at the limit it is the content that is wrong. */
    memset(text, ' ', limit + 1);
    text[0] = '[';
    text[1] = ']';
    text[limit + 1] = '\0';
    check_refused("get_info", text, limit + 1, ARKGRPC_INPUT_TOO_LARGE, "16777216");
    check_refused("get_info", text, ARKGRPC_NTS, ARKGRPC_INPUT_TOO_LARGE, "16777216");
    check_refused("get_info", text, limit, ARKGRPC_INVALID_ARGUMENT, "object");
    check_refused("get_info", "{}", ARKGRPC_NTS - 1, ARKGRPC_INPUT_TOO_LARGE, "params_json");
    free(text);
}

static void methods_that_do_not_exist(void) {
    static const char *const names[] = {"",          "getinfo",      "GET_INFO",
                                        "get_info ", "lnd.get_info", "get_network_info"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        check_about(names[i]);
        check_refused(names[i], "{}", ARKGRPC_NTS, ARKGRPC_UNKNOWN_METHOD, names[i]);
    }
}

/* What stands for "no parameters" reaches the network, where nobody listens. */
static void nothing_means_no_parameters(void) {
    static const char *const texts[] = {"", "{}", " { } ", "null", "\t\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_about(texts[i]);
        CHECK(found_no_daemon(call_status(client, "get_info", texts[i], 3000)));
    }
    arkgrpc_result *result = NULL;
    check_about("NULL with length 0");
    CHECK(found_no_daemon(arkgrpc_client_call(client, "get_info", 8, NULL, 0, NULL, &result)));
    arkgrpc_result_free(result);
}

int main(void) {
    arkgrpc_manager *manager = manager_for_port(closed_port());
    client = lnd_client(manager);
    RUN(texts_that_are_no_json);
    RUN(keys_that_stand_twice);
    RUN(things_that_are_no_object);
    RUN(keys_that_nobody_knows);
    RUN(values_that_are_missing);
    RUN(amounts_that_are_no_amounts);
    RUN(values_out_of_range_or_in_contradiction);
    RUN(a_memo_that_is_too_long);
    RUN(bytes_that_are_no_utf8);
    RUN(a_nul_inside);
    RUN(nesting_beyond_the_limit);
    RUN(texts_beyond_the_limit);
    RUN(methods_that_do_not_exist);
    RUN(nothing_means_no_parameters);
    arkgrpc_client_free(client);
    arkgrpc_manager_free(manager);
    return finish_checks();
}
