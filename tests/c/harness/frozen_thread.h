/* Stops single threads of this process, as no scheduler ever would: a child process traces them. */
#ifndef TESTS_FROZEN_THREAD_H
#define TESTS_FROZEN_THREAD_H

#include <stdbool.h>
#include <sys/types.h>

/* Starts the child. Comes first, while there is one thread. */
void start_freezer(void);
/* Returns once the thread stands still; false when it is gone. */
bool freeze(pid_t thread);
/* Lets it run on. */
void thaw(pid_t thread);
/* Lets all run on and ends the child. */
void end_freezer(void);

pid_t own_thread_id(void);
/* Whether the thread sleeps in the kernel. */
bool is_asleep(pid_t thread);

enum { MOST_THREADS = 64 };
/* The threads of this process now; returns how many. */
int list_threads(pid_t *threads);

#endif
