/* What Swift's Glibc lacks of how a thread serves many sockets: epoll(7), eventfd(2), accept4(2). */
#pragma once

#include <sys/epoll.h>
#include <sys/eventfd.h>

/* Accepts a client, whose address says nothing on a Unix socket. Declared here, for its header does so only with
 * _GNU_SOURCE, and included here, that header would be missing in Glibc. */
static inline int jeton_accept(int listener, int flags) {
    extern int accept4(int, void *, void *, int);
    return accept4(listener, (void *)0, (void *)0, flags);
}
