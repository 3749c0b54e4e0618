/* What Jeton uses of libsystemd and of the kernel's interfaces around it, as it is. */
#pragma once

#include <elf.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <malloc.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>
#include <systemd/sd-login.h>

/* struct ucred is hidden without _GNU_SOURCE, and with it fd_set would differ from what Swift's Glibc module knows. */
static inline int jeton_peer(int fd, pid_t *pid, uid_t *uid) {
    struct { pid_t pid; uid_t uid; gid_t gid; } peer;
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return -errno;
    *pid = peer.pid;
    *uid = peer.uid;
    return 0;
}

/* Linux 6.5; older headers lack the name. */
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* A descriptor of the process that connected, whatever has become of its pid; closed on exec. */
static inline int jeton_peer_pidfd(int fd) {
    int pidfd = -1;
    socklen_t length = sizeof pidfd;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length) < 0) return -errno;
    return pidfd;
}
