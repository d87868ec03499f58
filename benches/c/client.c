/* Measures lnd.get_info through libarkgrpc: a closed loop on each of N threads that share a client.
 *
 *     client CONFIG_JSON THREADS WARM_UP_MS TIMED_MS CORE    figures as one line of JSON; CORE or -
 *     client --build-info                                    how the library was built
 */
#define _GNU_SOURCE
#include <arkgrpc.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { MAX_THREADS = 1024, FIRST_ROOM = 1 << 14 };

struct worker {
    pthread_t thread;
    uint32_t *latencies_ns;
    size_t count;
    size_t room;
};

static arkgrpc_client *lnd;
static pthread_barrier_t warmed_up;
static pthread_barrier_t started;
static uint64_t warm_up_end_ns;
static uint64_t timed_end_ns;

static void fail(const char *what, const char *why) {
    fprintf(stderr, "C client: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static unsigned long number(const char *text) {
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0') {
        fail("not a number", text);
    }
    return value;
}

static arkgrpc_result *get_info(void) {
    arkgrpc_result *result = NULL;
    arkgrpc_status status =
        arkgrpc_client_call(lnd, ARKGRPC_METHOD_LND_GET_INFO,
                            sizeof ARKGRPC_METHOD_LND_GET_INFO - 1, "{}", 2, NULL, &result);
    if (status != ARKGRPC_OK) {
        fail("get_info", arkgrpc_result_json(result));
    }
    return result;
}

/* That the answer is the whole one, so that nothing is timed that does less work. */
static void check_answer(void) {
    arkgrpc_result *result = get_info();
    const char *json = arkgrpc_result_json(result);
    unsigned features = 0;
    for (const char *at = json; (at = strstr(at, "\"is_known\"")) != NULL; at++) {
        features++;
    }
    if (features != 19 || strlen(json) != arkgrpc_result_json_len(result)) {
        fail("an unexpected answer", json);
    }
    arkgrpc_result_free(result);
}

static void record(struct worker *worker, uint64_t latency_ns) {
    if (worker->count == worker->room) {
        worker->room *= 2;
        worker->latencies_ns =
            realloc(worker->latencies_ns, worker->room * sizeof *worker->latencies_ns);
        if (worker->latencies_ns == NULL) {
            fail("realloc", strerror(errno));
        }
    }
    worker->latencies_ns[worker->count++] =
        latency_ns > UINT32_MAX ? UINT32_MAX : (uint32_t)latency_ns;
}

static void *loop(void *argument) {
    struct worker *worker = argument;
    check_answer();
    while (now_ns() < warm_up_end_ns) {
        arkgrpc_result_free(get_info());
    }
    pthread_barrier_wait(&warmed_up);
    pthread_barrier_wait(&started);
    uint64_t before = now_ns();
    while (before < timed_end_ns) {
        arkgrpc_result_free(get_info());
        uint64_t after = now_ns();
        record(worker, after - before);
        before = after;
    }
    return NULL;
}

static int by_size(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static double seconds_between(struct timeval from, struct timeval to) {
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_usec - from.tv_usec) / 1e6;
}

static void print_figures(struct worker *workers, size_t threads, double seconds,
                          const struct rusage *from, const struct rusage *to) {
    size_t calls = 0;
    for (size_t i = 0; i < threads; i++) {
        calls += workers[i].count;
    }
    uint32_t *all = malloc((calls + 1) * sizeof *all);
    if (all == NULL || calls == 0) {
        fail("figures", calls == 0 ? "no call was completed" : strerror(errno));
    }
    size_t at = 0;
    for (size_t i = 0; i < threads; i++) {
        memcpy(all + at, workers[i].latencies_ns, workers[i].count * sizeof *all);
        at += workers[i].count;
    }
    qsort(all, calls, sizeof *all, by_size);
    printf("{\"calls\":%zu,\"seconds\":%.9f,\"p50_us\":%.3f,\"p99_us\":%.3f,\"user_seconds\":%.6f,"
           "\"system_seconds\":%.6f,\"voluntary_switches\":%ld,\"involuntary_switches\":%ld}\n",
           calls, seconds, all[calls / 2] / 1e3, all[calls * 99 / 100] / 1e3,
           seconds_between(from->ru_utime, to->ru_utime),
           seconds_between(from->ru_stime, to->ru_stime), to->ru_nvcsw - from->ru_nvcsw,
           to->ru_nivcsw - from->ru_nivcsw);
    free(all);
}

static void measure(size_t threads, unsigned long warm_up_ms, unsigned long timed_ms) {
    struct worker *workers = calloc(threads, sizeof *workers);
    if (workers == NULL) {
        fail("calloc", strerror(errno));
    }
    pthread_barrier_init(&warmed_up, NULL, (unsigned)threads + 1);
    pthread_barrier_init(&started, NULL, (unsigned)threads + 1);
    warm_up_end_ns = now_ns() + warm_up_ms * 1000000u;
    for (size_t i = 0; i < threads; i++) {
        workers[i].room = FIRST_ROOM;
        workers[i].latencies_ns = malloc(FIRST_ROOM * sizeof *workers[i].latencies_ns);
        int error = pthread_create(&workers[i].thread, NULL, loop, &workers[i]);
        if (workers[i].latencies_ns == NULL || error != 0) {
            fail("pthread_create", strerror(error));
        }
    }
    pthread_barrier_wait(&warmed_up);
    struct rusage from, to;
    getrusage(RUSAGE_SELF, &from);
    uint64_t start = now_ns();
    timed_end_ns = start + timed_ms * 1000000u;
    pthread_barrier_wait(&started);
    for (size_t i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    getrusage(RUSAGE_SELF, &to);
    print_figures(workers, threads, seconds, &from, &to);
    for (size_t i = 0; i < threads; i++) {
        free(workers[i].latencies_ns);
    }
    free(workers);
}

/* Before the library starts its thread, which inherits the placement. */
static void pin(unsigned long core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
        fail("sched_setaffinity", strerror(errno));
    }
}

static int print_build_info(void) {
    arkgrpc_result *result = NULL;
    arkgrpc_status status = arkgrpc_build_info(&result);
    puts(arkgrpc_result_json(result));
    arkgrpc_result_free(result);
    return status == ARKGRPC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "--build-info") == 0) {
        return print_build_info();
    }
    if (count != 6) {
        fail("usage", "client CONFIG_JSON THREADS WARM_UP_MS TIMED_MS CORE|-");
    }
    unsigned long threads = number(arguments[2]);
    if (threads == 0 || threads > MAX_THREADS) {
        fail("threads", arguments[2]);
    }
    if (strcmp(arguments[5], "-") != 0) {
        pin(number(arguments[5]));
    }
    arkgrpc_manager *manager = NULL;
    arkgrpc_result *result = NULL;
    if (arkgrpc_manager_new(arguments[1], ARKGRPC_NTS, &manager, &result) != ARKGRPC_OK) {
        fail("manager_new", arkgrpc_result_json(result));
    }
    arkgrpc_result_free(result);
    if (arkgrpc_manager_client(manager, ARKGRPC_SERVICE_LND, ARKGRPC_NTS, &lnd, &result) !=
        ARKGRPC_OK) {
        fail("manager_client", arkgrpc_result_json(result));
    }
    arkgrpc_result_free(result);
    measure(threads, number(arguments[3]), number(arguments[4]));
    arkgrpc_client_free(lnd);
    arkgrpc_manager_close(manager, 1000, NULL);
    arkgrpc_manager_free(manager);
    return EXIT_SUCCESS;
}
