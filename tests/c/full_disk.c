/* A state directory on a disk that is full: a write that must be written down first is not sent,
 * says so, and goes through once there is space. The disk is a small one of this process alone,
 * mounted in a namespace of its own. Run under `arkgrpc devnet -- PROGRAM`. */
#include <arkgrpc.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/library.h"

/* Where the disk is mounted: a folder beside where the test runs. */
static char disk[PATH_MAX];
static char filler[PATH_MAX + 16];
static arkgrpc_client *alice;

static bool write_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    bool written = write(file, text, strlen(text)) == (ssize_t)strlen(text);
    close(file);
    return written;
}

/* Namespaces in which this process may mount, whoever it is outside of them. */
static bool become_able_to_mount(void) {
    char users[64];
    char groups[64];
    snprintf(users, sizeof users, "0 %u 1\n", (unsigned)getuid());
    snprintf(groups, sizeof groups, "0 %u 1\n", (unsigned)getgid());
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/uid_map", users) &&
           write_file("/proc/self/gid_map", groups);
}

static void fill_the_disk(void) {
    static const char block[4096];
    snprintf(filler, sizeof filler, "%s/filler", disk);
    int file = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(file >= 0);
    while (write(file, block, sizeof block) > 0) {
    }
    REQUIRE(errno == ENOSPC);
    close(file);
}

static char *transactions(void) {
    arkgrpc_result *result = NULL;
    CHECK_INT(call(alice, ARKGRPC_METHOD_LND_LIST_TRANSACTIONS, "{}", 30000, &result), ARKGRPC_OK);
    char *text = strdup(arkgrpc_result_json(result));
    arkgrpc_result_free(result);
    REQUIRE(text != NULL);
    return text;
}

static arkgrpc_status send(const char *address, arkgrpc_result **result) {
    char params[256];
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    options.operation_id = "full-disk-1";
    options.operation_id_len = ARKGRPC_NTS;
    snprintf(params, sizeof params, "{\"address\":\"%s\",\"amount\":20000,\"sat_per_byte\":2}",
             address);
    return arkgrpc_client_call(alice, ARKGRPC_METHOD_LND_SEND_ONCHAIN, ARKGRPC_NTS, params,
                               ARKGRPC_NTS, &options, result);
}

static void nothing_is_sent_until_there_is_space(void) {
    arkgrpc_result *result = NULL;
    CHECK_INT(call(alice, ARKGRPC_METHOD_LND_NEW_ADDRESS, "{}", 30000, &result), ARKGRPC_OK);
    char *address = json_text(arkgrpc_result_json(result), "address");
    arkgrpc_result_free(result);
    REQUIRE(address != NULL);
    char *before = transactions();

    fill_the_disk();
    CHECK_INT(send(address, &result), ARKGRPC_STATE_DIRECTORY);
    CHECK_INT(arkgrpc_result_executed(result), ARKGRPC_EXECUTED_NO);
    CHECK_CONTAINS(arkgrpc_result_json(result), "free space on the disk of state_dir");
    arkgrpc_result_free(result);
    char *after = transactions();
    CHECK_TEXT(after, before);

    REQUIRE(unlink(filler) == 0);
    CHECK_INT(send(address, &result), ARKGRPC_OK);
    CHECK_CONTAINS(arkgrpc_result_json(result), "\"replayed\":false");
    arkgrpc_result_free(result);
    CHECK_INT(send(address, &result), ARKGRPC_OK);
    CHECK_CONTAINS(arkgrpc_result_json(result), "\"replayed\":true");
    arkgrpc_result_free(result);
    char *at_last = transactions();
    CHECK(strcmp(at_last, before) != 0);
    free(at_last);
    free(after);
    free(before);
    free(address);
}

int main(void) {
    if (!become_able_to_mount()) {
        skip_program("namespaces in which one may mount are not to be had here");
    }
    char folder[] = "full-disk-XXXXXX";
    REQUIRE(mkdtemp(folder) != NULL && realpath(folder, disk) != NULL);
    if (mount("none", disk, "tmpfs", 0, "size=64k,mode=0700") != 0) {
        rmdir(disk);
        skip_program("a small disk cannot be mounted here");
    }
    REQUIRE(setenv("ARKGRPC_STATE_DIR", disk, 1) == 0);
    arkgrpc_manager *manager = manager_from_environment();
    alice = lnd_client(manager);
    RUN(nothing_is_sent_until_there_is_space);
    arkgrpc_client_free(alice);
    arkgrpc_manager_close(manager, 5000, NULL);
    arkgrpc_manager_free(manager);
    umount(disk);
    rmdir(disk);
    return finish_checks();
}
