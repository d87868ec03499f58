/* Short forms of the library's own functions for tests that are about something else. Every one of
 * them ends the program when the library refuses. */
#ifndef TESTS_LIBRARY_H
#define TESTS_LIBRARY_H

#include <arkgrpc.h>

#include <stdbool.h>

/* A configuration of lnd on 127.0.0.1 with the test certificate; free() it. */
char *config_for_port(int port);
arkgrpc_manager *manager_for_port(int port);
arkgrpc_client *lnd_client(const arkgrpc_manager *manager);

/* The daemon that the environment names (LND_HOST …); skips the program when there is none. */
arkgrpc_manager *manager_from_environment(void);

/* One call with a timeout; `timeout_ms` 0 is the default. Frees nothing, ends nothing. */
arkgrpc_status call(const arkgrpc_client *client, const char *method, const char *params,
                    uint64_t timeout_ms, arkgrpc_result **result);
/* Whether a call was made and found no daemon, or was kept away after several that found none. */
bool found_no_daemon(arkgrpc_status status);
/* As call(), and gives the status alone. */
arkgrpc_status call_status(const arkgrpc_client *client, const char *method, const char *params,
                           uint64_t timeout_ms);

/* The text of a string field of a flat JSON object, copied, or NULL; free() it. */
char *json_text(const char *json, const char *key);
/* 64 hex digits of pseudo-random bytes in `text`, which holds 65. */
void random_hex(char *text);

#endif
