// floor SOCKET: sends every byte back, by epoll, on one thread. The least work that a server of a Unix socket can do,
// so what a better server could win at most.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void die(const char *what) {
    perror(what);
    exit(1);
}

static int listening_on(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        fprintf(stderr, "floor: the path is too long: %s\n", path);
        exit(64);
    }
    strcpy(address.sun_path, path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128)) die(path);
    return listener;
}

static void watch(int epoll, int descriptor) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)) die("epoll_ctl");
}

// Sends back what has come; closes where the client has.
static void echo(int client) {
    static char bytes[1 << 16];
    ssize_t count = read(client, bytes, sizeof bytes);
    if (count < 0 && errno == EAGAIN) return;
    // Clients of the bench have one request under way, so an answer always fits the socket's buffer.
    if (count <= 0 || write(client, bytes, (size_t)count) != count) close(client);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: floor SOCKET\n");
        return 64;
    }
    int listener = listening_on(argv[1]);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) die("epoll_create1");
    watch(epoll, listener);
    for (;;) {
        struct epoll_event events[128];
        int count = epoll_wait(epoll, events, 128, -1);
        if (count < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd != listener) {
                echo(events[i].data.fd);
                continue;
            }
            int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (client >= 0) watch(epoll, client);
        }
    }
}
