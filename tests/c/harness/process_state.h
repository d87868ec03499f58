/* What the operating system knows about this process: time, threads, descriptors, captured output.
 */
#ifndef TESTS_PROCESS_STATE_H
#define TESTS_PROCESS_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The slack that liveness bounds get on a loaded machine. */
enum { SLACK_MS = 2000 };

int64_t now_ms(void);
/* Waits without busy looping; only ever used between two looks at a condition. */
void short_pause(void);
/* Looks again and again until `holds(context)` or until `limit_ms` passed; returns whether it held.
 */
bool wait_until(bool (*holds)(void *context), void *context, int64_t limit_ms);

int thread_count(void);
int descriptor_count(void);
/* Waits until this process has at most `most` threads. */
bool wait_for_threads(int most, int64_t limit_ms);
/* The same for open descriptors. */
bool wait_for_descriptors(int most, int64_t limit_ms);

/* Sends stdout and stderr of the process into one file until end_capture(). */
void begin_capture(void);
/* Restores both and returns what was written, as text of the caller; `length` may be NULL. */
char *end_capture(size_t *length);

#endif
