/* Plays the requests of the scenario runner against the library. Requests are lines of
 * TAB-separated fields on stdin, "-" for an absent one; each gets one line `<id> <status> <name>
 * <json>` on stdout, in whatever order they end. Every call has a thread of its own, so that calls
 * overlap.
 *
 *   open <id> <config json>            open_env <id>
 *   call <id> <service> <method> <timeout_ms> <flags> <operation_id> <params json>
 *   cancel <id> <id of the running call or open stream>
 *   stream <id> <service> <stream> <timeout_ms> <flags> <params json>
 *   next <id> <id of the stream> <timeout_ms>
 *   end_stream <id> <id of the stream>
 *   health <id> <timeout_ms>           reconnect <id> <service>
 *   info <id> <service>                methods <id>
 *   close <id> <timeout_ms>            quit <id>
 */
#include <arkgrpc.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FIELDS = 8 };

/* A request; the fields point into its line, which it owns. */
typedef struct request {
    char *line;
    const char *fields[MOST_FIELDS];
    arkgrpc_cancel *cancel;
    /* Of a request that opened one. */
    arkgrpc_stream *stream;
    struct request *next;
} request;

static arkgrpc_manager *manager;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t one_ended = PTHREAD_COND_INITIALIZER;
static request *running;
/* The requests whose streams are open; only the main thread changes the list. */
static request *streaming;

/* The field, or NULL when it is absent. */
static const char *field(const request *asked, int index) {
    const char *text = asked->fields[index];
    return text == NULL || strcmp(text, "-") == 0 ? NULL : text;
}

static const char *text_or(const char *text, const char *otherwise) {
    return text == NULL ? otherwise : text;
}

static uint64_t number(const char *text, uint64_t absent) {
    return text == NULL ? absent : strtoull(text, NULL, 10);
}

static void answer(const request *asked, arkgrpc_status status, const char *json) {
    pthread_mutex_lock(&lock);
    printf("%s\t%d\t%s\t%s\n", text_or(field(asked, 1), "-"), (int)status,
           arkgrpc_status_name(status), json);
    fflush(stdout);
    pthread_mutex_unlock(&lock);
}

/* Answers with what the result says, and frees it. */
static void answer_result(const request *asked, arkgrpc_status status, arkgrpc_result *result) {
    const char *json = arkgrpc_result_json(result);
    answer(asked, status, json[0] == '\0' ? "null" : json);
    arkgrpc_result_free(result);
}

static void open_manager(const request *asked, bool from_environment) {
    arkgrpc_result *result = NULL;
    arkgrpc_manager *opened = NULL;
    arkgrpc_status status =
        from_environment ? arkgrpc_manager_new_from_env(&opened, &result)
                         : arkgrpc_manager_new(field(asked, 2), ARKGRPC_NTS, &opened, &result);
    if (status == ARKGRPC_OK) {
        arkgrpc_manager_free(manager);
        manager = opened;
    }
    answer_result(asked, status, result);
}

/* The client of the named service. On failure it has answered already and is NULL. */
static arkgrpc_client *client_for(const request *asked) {
    arkgrpc_client *client = NULL;
    arkgrpc_result *result = NULL;
    arkgrpc_status status =
        arkgrpc_manager_client(manager, field(asked, 2), ARKGRPC_NTS, &client, &result);
    if (status != ARKGRPC_OK) {
        answer_result(asked, status, result);
        return NULL;
    }
    arkgrpc_result_free(result);
    return client;
}

static void make_call(const request *asked) {
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    arkgrpc_result *result = NULL;
    arkgrpc_client *client = client_for(asked);
    if (client == NULL) {
        return;
    }
    options.timeout_ms = number(field(asked, 4), ARKGRPC_TIMEOUT_DEFAULT);
    options.flags = number(field(asked, 5), 0);
    options.operation_id = field(asked, 6);
    options.operation_id_len = options.operation_id == NULL ? 0 : ARKGRPC_NTS;
    options.cancel = asked->cancel;
    const char *params = text_or(field(asked, 7), "{}");
    arkgrpc_status status = arkgrpc_client_call(client, field(asked, 3), ARKGRPC_NTS, params,
                                                ARKGRPC_NTS, &options, &result);
    answer_result(asked, status, result);
    arkgrpc_client_free(client);
}

static void free_request(request *asked) {
    arkgrpc_stream_free(asked->stream);
    arkgrpc_cancel_free(asked->cancel);
    free(asked->line);
    free(asked);
}

/* The place in the list of the request with the id that this one names, or of its end. */
static request **find_stream(const request *asked) {
    const char *wanted = text_or(field(asked, 2), "");
    request **place = &streaming;
    while (*place != NULL && strcmp(text_or(field(*place, 1), "-"), wanted) != 0) {
        place = &(*place)->next;
    }
    return place;
}

/* Keeps the request when it opened a stream, else frees it. */
static void open_stream(request *asked) {
    arkgrpc_call_options options = ARKGRPC_CALL_OPTIONS_INIT;
    arkgrpc_result *result = NULL;
    arkgrpc_client *client = client_for(asked);
    if (client != NULL) {
        asked->cancel = arkgrpc_cancel_new();
        options.timeout_ms = number(field(asked, 4), ARKGRPC_TIMEOUT_DEFAULT);
        options.flags = number(field(asked, 5), 0);
        options.cancel = asked->cancel;
        const char *params = text_or(field(asked, 6), "{}");
        arkgrpc_status status =
            arkgrpc_client_stream(client, field(asked, 3), ARKGRPC_NTS, params, ARKGRPC_NTS,
                                  &options, &asked->stream, &result);
        answer_result(asked, status, result);
        arkgrpc_client_free(client);
    }
    if (asked->stream == NULL) {
        free_request(asked);
    } else {
        asked->next = streaming;
        streaming = asked;
    }
}

static void end_stream(const request *asked) {
    request **place = find_stream(asked);
    request *ended = *place;
    answer(asked, ARKGRPC_OK, ended == NULL ? "{\"found\":false}" : "{\"found\":true}");
    if (ended != NULL) {
        *place = ended->next;
        free_request(ended);
    }
}

static void fetch_next(const request *asked) {
    arkgrpc_result *result = NULL;
    arkgrpc_status status = arkgrpc_stream_next(asked->stream, number(field(asked, 3), 0), &result);
    answer_result(asked, status, result);
}

static void *run_call(void *argument) {
    request *asked = argument;
    if (strcmp(asked->fields[0], "next") == 0) {
        fetch_next(asked);
        /* It belongs to the request that opened it. */
        asked->stream = NULL;
    } else {
        make_call(asked);
    }
    pthread_mutex_lock(&lock);
    request **place = &running;
    while (*place != asked) {
        place = &(*place)->next;
    }
    *place = asked->next;
    pthread_cond_signal(&one_ended);
    pthread_mutex_unlock(&lock);
    free_request(asked);
    return NULL;
}

static void start_call(request *asked) {
    pthread_t thread;
    asked->cancel = arkgrpc_cancel_new();
    pthread_mutex_lock(&lock);
    asked->next = running;
    running = asked;
    pthread_mutex_unlock(&lock);
    if (pthread_create(&thread, NULL, run_call, asked) != 0) {
        fprintf(stderr, "player: no thread for a call\n");
        exit(EXIT_FAILURE);
    }
    pthread_detach(thread);
}

static void cancel_call(const request *asked) {
    const char *wanted = text_or(field(asked, 2), "");
    pthread_mutex_lock(&lock);
    request *call = running;
    while (call != NULL && strcmp(text_or(field(call, 1), "-"), wanted) != 0) {
        call = call->next;
    }
    if (call == NULL) {
        call = *find_stream(asked);
    }
    if (call != NULL) {
        arkgrpc_cancel_trigger(call->cancel);
    }
    pthread_mutex_unlock(&lock);
    answer(asked, ARKGRPC_OK, call == NULL ? "{\"found\":false}" : "{\"found\":true}");
}

static void tell_info(const request *asked) {
    arkgrpc_result *result = NULL;
    arkgrpc_client *client = client_for(asked);
    if (client != NULL) {
        arkgrpc_status status = arkgrpc_client_info(client, &result);
        answer_result(asked, status, result);
        arkgrpc_client_free(client);
    }
}

/* Everything but calls and streams; returns false when there is nothing to play any more. */
static bool play(const request *asked) {
    const char *verb = text_or(asked->fields[0], "");
    arkgrpc_result *result = NULL;
    arkgrpc_status status;
    if (strcmp(verb, "open") == 0 || strcmp(verb, "open_env") == 0) {
        open_manager(asked, verb[4] == '_');
    } else if (strcmp(verb, "cancel") == 0) {
        cancel_call(asked);
    } else if (strcmp(verb, "health") == 0) {
        status = arkgrpc_manager_health_check_all(manager, number(field(asked, 2), 0), &result);
        answer_result(asked, status, result);
    } else if (strcmp(verb, "reconnect") == 0) {
        const char *service = field(asked, 2);
        size_t length = service == NULL ? 0 : ARKGRPC_NTS;
        status = arkgrpc_manager_reconnect(manager, service, length, &result);
        answer_result(asked, status, result);
    } else if (strcmp(verb, "end_stream") == 0) {
        end_stream(asked);
    } else if (strcmp(verb, "info") == 0) {
        tell_info(asked);
    } else if (strcmp(verb, "methods") == 0) {
        status = arkgrpc_methods(&result);
        answer_result(asked, status, result);
    } else if (strcmp(verb, "close") == 0) {
        status = arkgrpc_manager_close(manager, number(field(asked, 2), 0), &result);
        answer_result(asked, status, result);
    } else if (strcmp(verb, "quit") == 0) {
        return false;
    } else {
        fprintf(stderr, "player: unknown request \"%s\"\n", verb);
        exit(EXIT_FAILURE);
    }
    return true;
}

/* The next line taken apart, or NULL at the end of the input. */
static request *read_request(void) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length = getline(&line, &capacity, stdin);
    request *asked = calloc(1, sizeof *asked);
    if (length < 0 || asked == NULL) {
        free(line);
        free(asked);
        return NULL;
    }
    line[strcspn(line, "\r\n")] = '\0';
    asked->line = line;
    for (int i = 0; i < MOST_FIELDS && line != NULL; i++) {
        asked->fields[i] = strsep(&line, "\t");
    }
    return asked;
}

static void wait_for_calls(bool end_them) {
    pthread_mutex_lock(&lock);
    for (request *call = end_them ? running : NULL; call != NULL; call = call->next) {
        arkgrpc_cancel_trigger(call->cancel);
    }
    for (request *opened = end_them ? streaming : NULL; opened != NULL; opened = opened->next) {
        arkgrpc_cancel_trigger(opened->cancel);
    }
    while (running != NULL) {
        pthread_cond_wait(&one_ended, &lock);
    }
    pthread_mutex_unlock(&lock);
}

int main(void) {
    request *asked = read_request();
    while (asked != NULL) {
        const char *verb = text_or(asked->fields[0], "");
        if (strcmp(verb, "call") == 0) {
            start_call(asked);
        } else if (strcmp(verb, "stream") == 0) {
            open_stream(asked);
        } else if (strcmp(verb, "next") == 0 && *find_stream(asked) != NULL) {
            asked->stream = (*find_stream(asked))->stream;
            start_call(asked);
        } else if (play(asked)) {
            free_request(asked);
        } else {
            break;
        }
        asked = read_request();
    }
    /* Without a quit the runner is gone: nobody reads what the calls would answer. */
    wait_for_calls(asked == NULL);
    while (streaming != NULL) {
        request *opened = streaming;
        streaming = opened->next;
        free_request(opened);
    }
    arkgrpc_manager_free(manager);
    if (asked != NULL) {
        answer(asked, ARKGRPC_OK, "{}");
        free_request(asked);
    }
    return EXIT_SUCCESS;
}
