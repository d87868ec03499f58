/* The server dies in the middle of the load, again and again, while SIGPIPE has its default
 * disposition: the host must survive, and find the next server by itself. Starts its own simulated
 * daemons with the command given by its first argument. */
#include <arkgrpc.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/library.h"
#include "harness/process_state.h"

enum { LOADERS = 16, ROUNDS = 10, START_LIMIT_MS = 60000 };

static const char *launcher;
static char env_file[64];

static atomic_bool stop;
static atomic_int answered;
static atomic_int failed;
static arkgrpc_client *client;

static pid_t start_daemons(void) {
    unlink(env_file);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        /* Should this program die, its daemons die too. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(launcher, launcher, "devnet", "--env-file", env_file, (char *)NULL);
        _exit(127);
    }
    return child;
}

typedef struct {
    pid_t child;
    bool died;
} starting;

static bool env_file_is_there(void *context) {
    starting *start = context;
    struct stat info;
    start->died = waitpid(start->child, NULL, WNOHANG) != 0;
    return start->died || (stat(env_file, &info) == 0 && info.st_size > 0);
}

/* Takes the lines NAME=value of the file, with or without "export" and quotes, as environment. */
static void take_environment(void) {
    char line[4096];
    FILE *file = fopen(env_file, "r");
    REQUIRE(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        char *name = strncmp(line, "export ", 7) == 0 ? line + 7 : line;
        char *value = strchr(name, '=');
        if (value == NULL) {
            continue;
        }
        *value++ = '\0';
        value[strcspn(value, "\r\n")] = '\0';
        size_t length = strlen(value);
        if (length >= 2 && (value[0] == '\'' || value[0] == '"')) {
            value[length - 1] = '\0';
            value++;
        }
        setenv(name, value, 1);
    }
    fclose(file);
}

static bool sigpipe_is_pending(void) {
    sigset_t pending;
    REQUIRE(sigpending(&pending) == 0);
    return sigismember(&pending, SIGPIPE) == 1;
}

/* A host thread that blocks SIGPIPE and has one of its own pending. Set as a whole, since the
 * control leaves out what only adds to a mask. */
static void hold_a_sigpipe(sigset_t *pipe_alone, sigset_t *before) {
    sigset_t blocked;
    sigemptyset(pipe_alone);
    sigaddset(pipe_alone, SIGPIPE);
    REQUIRE(pthread_sigmask(SIG_BLOCK, NULL, before) == 0);
    blocked = *before;
    sigaddset(&blocked, SIGPIPE);
    REQUIRE(pthread_sigmask(SIG_SETMASK, &blocked, NULL) == 0);
    REQUIRE(pthread_kill(pthread_self(), SIGPIPE) == 0);
}

static void call_under_load(void) {
    while (!atomic_load(&stop)) {
        arkgrpc_status status = call_status(client, ARKGRPC_METHOD_LND_GET_INFO, "{}", 2000);
        atomic_fetch_add(status == ARKGRPC_OK ? &answered : &failed, 1);
        if (status != ARKGRPC_OK) {
            short_pause();
        }
    }
}

/* Every fourth loader holds a SIGPIPE of its own, which must be there afterwards; the others have
 * the mask and the disposition that every program starts with. */
static void *load(void *number) {
    sigset_t pipe_alone;
    sigset_t before;
    struct timespec none = {0, 0};
    if (*(const int *)number % 4 != 0) {
        call_under_load();
        CHECK(!sigpipe_is_pending());
        REQUIRE(pthread_sigmask(SIG_BLOCK, NULL, &before) == 0);
        CHECK_INT(sigismember(&before, SIGPIPE), 0);
        return NULL;
    }
    hold_a_sigpipe(&pipe_alone, &before);
    call_under_load();
    CHECK(sigpipe_is_pending());
    CHECK_INT(sigtimedwait(&pipe_alone, NULL, &none), SIGPIPE);
    REQUIRE(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return NULL;
}

static bool reached(void *wanted) {
    return atomic_load(&answered) >= *(int *)wanted;
}

static bool one_failed(void *before) {
    return atomic_load(&failed) > *(int *)before;
}

static void one_death(int signal_number) {
    static int numbers[LOADERS];
    pthread_t loaders[LOADERS];
    starting start = {start_daemons(), false};
    CHECK(wait_until(env_file_is_there, &start, START_LIMIT_MS));
    REQUIRE(!start.died);
    take_environment();
    arkgrpc_manager *manager = manager_from_environment();
    client = lnd_client(manager);
    atomic_store(&stop, false);
    int wanted = atomic_load(&answered) + LOADERS * 5;
    int failed_before = atomic_load(&failed);
    for (int i = 0; i < LOADERS; i++) {
        numbers[i] = i;
        REQUIRE(pthread_create(&loaders[i], NULL, load, &numbers[i]) == 0);
    }
    CHECK(wait_until(reached, &wanted, 30000));
    kill(start.child, signal_number);
    REQUIRE(waitpid(start.child, NULL, 0) == start.child);
    CHECK(wait_until(one_failed, &failed_before, 30000));
    atomic_store(&stop, true);
    for (int i = 0; i < LOADERS; i++) {
        pthread_join(loaders[i], NULL);
    }
    arkgrpc_client_free(client);
    CHECK_INT(arkgrpc_manager_close(manager, 5000, NULL), ARKGRPC_OK);
    arkgrpc_manager_free(manager);
}

static void the_host_survives_dying_servers(void) {
    struct sigaction action;
    for (int round = 0; round < ROUNDS; round++) {
        one_death(round % 2 == 0 ? SIGTERM : SIGKILL);
    }
    REQUIRE(sigaction(SIGPIPE, NULL, &action) == 0);
    CHECK(action.sa_handler == SIG_DFL);
    printf("%d answered, %d failed in %d rounds\n", atomic_load(&answered), atomic_load(&failed),
           ROUNDS);
}

int main(int count, char **arguments) {
    REQUIRE(count == 2);
    launcher = arguments[1];
    signal(SIGPIPE, SIG_DFL);
    snprintf(env_file, sizeof env_file, "server-death-%d.env", (int)getpid());
    RUN(the_host_survives_dying_servers);
    unlink(env_file);
    return finish_checks();
}
