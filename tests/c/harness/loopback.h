/* Peers on the loopback interface that need no daemon: one that never answers, one that is absent.
 */
#ifndef TESTS_LOOPBACK_H
#define TESTS_LOOPBACK_H

/* A listener whose connections the kernel accepts and nobody ever serves. */
typedef struct {
    int descriptor;
    int port;
} silent_peer;

silent_peer open_silent_peer(void);
void close_silent_peer(silent_peer *peer);
/* A port on which nobody listens. */
int closed_port(void);

#endif
