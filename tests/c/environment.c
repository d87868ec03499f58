/* Which environment variables are read is a promise: this program's own getenv() stands before the
 * C library's and notes every name; the list must equal data/environment.txt. */
#include <arkgrpc.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/loopback.h"

enum { MOST_NAMES = 128, LONGEST_NAME = 96 };

extern char **environ;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char names[MOST_NAMES][LONGEST_NAME];
static int name_count;

static void note(const char *name) {
    pthread_mutex_lock(&lock);
    int i = 0;
    while (i < name_count && strcmp(names[i], name) != 0) {
        i++;
    }
    if (i == name_count && name_count < MOST_NAMES) {
        snprintf(names[name_count++], LONGEST_NAME, "%s", name);
    }
    pthread_mutex_unlock(&lock);
}

char *getenv(const char *name) {
    size_t length = strlen(name);
    note(name);
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') {
            return *entry + length + 1;
        }
    }
    return NULL;
}

char *secure_getenv(const char *name) {
    return getenv(name);
}

static bool was_read(const char *name) {
    for (int i = 0; i < name_count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Compares what was read with the lines "<section> <NAME>" of the frozen list. */
static void equals_the_list(const char *section) {
    char line[256];
    int listed = 0;
    FILE *list = fopen(FROZEN_LIST, "r");
    REQUIRE(list != NULL);
    while (fgets(line, sizeof line, list) != NULL) {
        char found[LONGEST_NAME];
        char name[LONGEST_NAME];
        if (line[0] == '#' || sscanf(line, "%95s %95s", found, name) != 2 ||
            strcmp(found, section) != 0) {
            continue;
        }
        listed++;
        check_about(name);
        CHECK(was_read(name));
    }
    fclose(list);
    check_about(section);
    if (!CHECK_INT(name_count, listed)) {
        for (int i = 0; i < name_count; i++) {
            printf("  read: %s\n", names[i]);
        }
    }
}

static void use(arkgrpc_manager *manager) {
    arkgrpc_client *client = lnd_client(manager);
    arkgrpc_result *result = NULL;
    call_status(client, "get_info", "{}", 500);
    call_status(client, "add_invoice", "{\"amount\":1000}", 500);
    call_status(client, "no_such_method", "{", 500);
    arkgrpc_manager_health_check_all(manager, 500, &result);
    arkgrpc_result_free(result);
    arkgrpc_client_free(client);
    arkgrpc_manager_close(manager, 500, NULL);
    arkgrpc_manager_free(manager);
}

static void the_program_stands_in_the_way(void) {
    char port[8];
    snprintf(port, sizeof port, "%d", closed_port());
    setenv("LND_HOST", "127.0.0.1", 1);
    setenv("LND_PORT", port, 1);
    setenv("LND_TLS_CERT", TEST_CERTIFICATE, 1);
    arkgrpc_manager *manager = NULL;
    name_count = 0;
    CHECK_INT(arkgrpc_manager_new_from_env(&manager, NULL), ARKGRPC_OK);
    equals_the_list("new_from_env");
    name_count = 0;
    use(manager);
    equals_the_list("calls");
}

static void manager_new_reads_nothing_and_calls_only_the_list(void) {
    name_count = 0;
    arkgrpc_manager *manager = manager_for_port(closed_port());
    CHECK_INT(name_count, 0);
    use(manager);
    equals_the_list("calls");
}

static void daemons_named_by_a_host_name_change_nothing(void) {
    char config[512];
    arkgrpc_manager *manager = NULL;
    snprintf(config, sizeof config,
             "{\"lnd\":{\"host\":\"localhost\",\"port\":%d,\"tls_cert\":\"%s\"}}", closed_port(),
             TEST_CERTIFICATE);
    name_count = 0;
    CHECK_INT(arkgrpc_manager_new(config, ARKGRPC_NTS, &manager, NULL), ARKGRPC_OK);
    use(manager);
    equals_the_list("calls");
}

int main(void) {
    /* First what every other part needs: that this program really hears the library. */
    RUN(the_program_stands_in_the_way);
    RUN(manager_new_reads_nothing_and_calls_only_the_list);
    RUN(daemons_named_by_a_host_name_change_nothing);
    return finish_checks();
}
