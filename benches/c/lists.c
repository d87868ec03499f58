/* How time and memory of one list_invoices grow with the number of invoices, through libarkgrpc.
 *
 *     arkgrpc devnet -- lists    beside a simulated node; prints a table in Markdown
 *     lists list N               one row, in a process of its own: milliseconds, bytes of JSON,
 *                                KiB before and at the peak
 *
 * The node is taken from the environment (LND_HOST and so on). It is given invoices until it has
 * enough. The row of N takes the newest N, so the node may have more.
 */
#define _GNU_SOURCE
#include <arkgrpc.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FILLERS = 16, ROUNDS = 5, TIMEOUT_MS = 120000 };

static const unsigned sizes[] = {1000, 2000, 5000, 10000};
enum { SIZES = sizeof sizes / sizeof *sizes };

struct row {
    double ms;
    size_t json_bytes;
    long before_kib;
    long peak_kib;
};

static arkgrpc_manager *manager;
static arkgrpc_client *lnd;
static unsigned missing;
static pthread_mutex_t missing_lock = PTHREAD_MUTEX_INITIALIZER;

static void fail(const char *what, const char *why) {
    fprintf(stderr, "lists: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void connect_to_node(void) {
    arkgrpc_result *result = NULL;
    if (arkgrpc_manager_new_from_env(&manager, &result) != ARKGRPC_OK ||
        arkgrpc_manager_client(manager, ARKGRPC_SERVICE_LND, ARKGRPC_NTS, &lnd, &result) !=
            ARKGRPC_OK) {
        fail("configuration", arkgrpc_result_json(result));
    }
}

static void disconnect(void) {
    arkgrpc_client_free(lnd);
    arkgrpc_manager_close(manager, 5000, NULL);
    arkgrpc_manager_free(manager);
}

static arkgrpc_result *call(const char *method, const char *params) {
    arkgrpc_call_options options = {.struct_size = sizeof options, .timeout_ms = TIMEOUT_MS};
    arkgrpc_result *result = NULL;
    if (arkgrpc_client_call(lnd, method, ARKGRPC_NTS, params, ARKGRPC_NTS, &options, &result) !=
        ARKGRPC_OK) {
        fail(method, arkgrpc_result_json(result));
    }
    return result;
}

static size_t occurrences(const char *text, const char *word) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        count++;
    }
    return count;
}

/* A field of /proc/self/status in KiB. */
static long memory_kib(const char *field) {
    char line[256];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL) {
        fail("/proc/self/status", strerror(errno));
    }
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0) {
            kib = strtol(line + strlen(field), NULL, 10);
        }
    }
    fclose(status);
    return kib;
}

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* One list in a fresh process: the peak is its own. */
static void list(unsigned count) {
    char params[64];
    connect_to_node();
    arkgrpc_result_free(call(ARKGRPC_METHOD_LND_GET_INFO, "{}"));
    snprintf(params, sizeof params, "{\"limit\":%u,\"reversed\":true}", count);
    struct row row = {.before_kib = memory_kib("VmRSS:")};
    double begin = now_ms();
    arkgrpc_result *result = call(ARKGRPC_METHOD_LND_LIST_INVOICES, params);
    row.ms = now_ms() - begin;
    row.peak_kib = memory_kib("VmHWM:");
    row.json_bytes = arkgrpc_result_json_len(result);
    /* Nothing is measured that does less work. */
    if (occurrences(arkgrpc_result_json(result), "\"payment_request\":\"ln") != count) {
        fail("list_invoices", "another number of invoices than asked for");
    }
    printf("%.3f %zu %ld %ld\n", row.ms, row.json_bytes, row.before_kib, row.peak_kib);
    arkgrpc_result_free(result);
    disconnect();
}

static void *fill(void *unused) {
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&missing_lock);
        int mine = missing > 0;
        missing -= (unsigned)mine;
        pthread_mutex_unlock(&missing_lock);
        if (!mine) {
            return NULL;
        }
        arkgrpc_result_free(
            call(ARKGRPC_METHOD_LND_ADD_INVOICE, "{\"amount\":1000,\"memo\":\"one of many\"}"));
    }
}

/* Makes invoices until the node has enough for the longest list. */
static void fill_node(void) {
    pthread_t threads[FILLERS];
    connect_to_node();
    arkgrpc_result *have = call(ARKGRPC_METHOD_LND_LIST_INVOICES, "{}");
    size_t present = occurrences(arkgrpc_result_json(have), "\"payment_request\":\"ln");
    arkgrpc_result_free(have);
    missing = present < sizes[SIZES - 1] ? sizes[SIZES - 1] - (unsigned)present : 0;
    for (size_t i = 0; i < FILLERS; i++) {
        if (pthread_create(&threads[i], NULL, fill, NULL) != 0) {
            fail("pthread_create", strerror(errno));
        }
    }
    for (size_t i = 0; i < FILLERS; i++) {
        pthread_join(threads[i], NULL);
    }
    disconnect();
}

static struct row measure(const char *self, unsigned count) {
    char command[4096];
    struct row row = {0};
    snprintf(command, sizeof command, "'%s' list %u", self, count);
    FILE *child = popen(command, "r");
    if (child == NULL ||
        fscanf(child, "%lf %zu %ld %ld", &row.ms, &row.json_bytes, &row.before_kib,
               &row.peak_kib) != 4 ||
        pclose(child) != 0) {
        fail(command, "no figures");
    }
    return row;
}

static int by_time(const void *left, const void *right) {
    const struct row *a = left, *b = right;
    return (a->ms > b->ms) - (a->ms < b->ms);
}

int main(int argc, char **argv) {
    char self[2048] = "";
    if (argc == 3 && strcmp(argv[1], "list") == 0) {
        list((unsigned)strtoul(argv[2], NULL, 10));
        return EXIT_SUCCESS;
    }
    if (argc != 1 || readlink("/proc/self/exe", self, sizeof self - 1) < 0) {
        fail("usage", "lists, or lists list N");
    }
    fill_node();
    printf("| invoices | ms (median of %d) | µs each | JSON, MB | memory added, MB | KB each |\n"
           "|---:|---:|---:|---:|---:|---:|\n",
           ROUNDS);
    for (size_t i = 0; i < SIZES; i++) {
        struct row rows[ROUNDS];
        for (size_t round = 0; round < ROUNDS; round++) {
            rows[round] = measure(self, sizes[i]);
        }
        qsort(rows, ROUNDS, sizeof *rows, by_time);
        struct row row = rows[ROUNDS / 2];
        double added = (double)(row.peak_kib - row.before_kib) * 1.024 / 1e3;
        printf("| %u | %.1f | %.1f | %.2f | %.1f | %.2f |\n", sizes[i], row.ms,
               row.ms * 1e3 / sizes[i], (double)row.json_bytes / 1e6, added,
               added * 1e3 / sizes[i]);
    }
    return EXIT_SUCCESS;
}
