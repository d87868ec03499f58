/* See loopback.h. */
#include "loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static int bind_any_port(int *port) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(descriptor >= 0);
    REQUIRE(bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0);
    REQUIRE(getsockname(descriptor, (struct sockaddr *)&address, &size) == 0);
    *port = ntohs(address.sin_port);
    return descriptor;
}

silent_peer open_silent_peer(void) {
    silent_peer peer;
    peer.descriptor = bind_any_port(&peer.port);
    REQUIRE(listen(peer.descriptor, 512) == 0);
    return peer;
}

void close_silent_peer(silent_peer *peer) {
    close(peer->descriptor);
    peer->descriptor = -1;
}

int closed_port(void) {
    int port;
    int descriptor = bind_any_port(&port);
    close(descriptor);
    return port;
}
