// stopwatch exchange|connect PROTOCOL SOCKET COUNT [CPU [REQUEST]]
// Times COUNT round trips over a Unix socket, one after the other, and prints their median and 99th percentile in
// microseconds. `exchange` keeps one connection open, `connect` makes one for each request. CPU is the core to stay on
// (-1: any). REQUEST replaces the protocol's own cheapest request.
#define _GNU_SOURCE
#include "timing.h"
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char answer[1 << 18];

static bool is_line(size_t length) { return answer[length - 1] == '\n'; }

static bool is_object(size_t length) { return answer[length - 1] == '}'; }

// Four bytes of length, most significant first (draft-ietf-sshm-ssh-agent, section 3).
static bool is_ssh_message(size_t length) {
    const unsigned char *head = (const unsigned char *)answer;
    if (length < 4) return false;
    return length - 4 == ((size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3]);
}

struct protocol {
    const char *name, *request;
    size_t length;
    bool greets; // the server speaks first
    bool (*is_whole)(size_t length);
};

static const struct protocol protocols[] = {
    {"json", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"agent.ping\"}\n", 0, false, is_line},
    {"ssh", "\0\0\0\1\13", 5, false, is_ssh_message}, // SSH_AGENTC_REQUEST_IDENTITIES
    {"assuan", "NOP\n", 0, true, is_line},
    {"oidc", "{\"request\":\"loaded_accounts\"}", 0, false, is_object},
};

static int dial(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof address)) die(path);
    return server;
}

static void await_answer(int server, const struct protocol *protocol) {
    size_t length = 0;
    do {
        ssize_t count = read(server, answer + length, sizeof answer - 1 - length);
        if (count <= 0) die("the server closed instead of answering");
        length += (size_t)count;
    } while (!protocol->is_whole(length));
    answer[length] = '\0';
}

static void ask(int server, const struct protocol *protocol) {
    if (write(server, protocol->request, protocol->length) != (ssize_t)protocol->length) die("write");
    await_answer(server, protocol);
    if (protocol->is_whole == is_line && strstr(answer, "\"error\":")) {
        fprintf(stderr, "the answer is an error: %s", answer);
        exit(1);
    }
}

static int greeted(const char *path, const struct protocol *protocol) {
    int server = dial(path);
    if (protocol->greets) await_answer(server, protocol);
    return server;
}

static void connect_and_ask(const char *path, const struct protocol *protocol) {
    int server = greeted(path, protocol);
    ask(server, protocol);
    close(server);
}

static void stay_on(int cpu) {
    if (cpu < 0) return;
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET((size_t)cpu, &cores);
    if (sched_setaffinity(0, sizeof cores, &cores)) die("sched_setaffinity");
}

static struct protocol protocol_named(const char *name) {
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (!strcmp(protocols[i].name, name)) return protocols[i];
    fprintf(stderr, "stopwatch: unknown protocol %s\n", name);
    exit(64);
}

int main(int argc, char **argv) {
    long count = argc > 4 ? atol(argv[4]) : 0;
    if (count < 1) {
        fprintf(stderr, "usage: stopwatch exchange|connect json|ssh|assuan|oidc SOCKET COUNT [CPU [REQUEST]]\n");
        return 64;
    }
    bool connects = !strcmp(argv[1], "connect");
    const char *path = argv[3];
    struct protocol protocol = protocol_named(argv[2]);
    if (argc > 6) protocol.request = argv[6];
    if (!protocol.length) protocol.length = strlen(protocol.request);
    stay_on(argc > 5 ? atoi(argv[5]) : -1);
    uint64_t *times = calloc((size_t)count, sizeof *times);
    if (!times) die("calloc");
    int server = connects ? -1 : greeted(path, &protocol);
    // Negative turns warm both sides up and are not kept.
    for (long i = -count / 10; i < count; i++) {
        uint64_t began = nanoseconds();
        if (connects)
            connect_and_ask(path, &protocol);
        else
            ask(server, &protocol);
        if (i >= 0) times[i] = nanoseconds() - began;
    }
    print_percentiles(times, (size_t)count);
    return 0;
}
