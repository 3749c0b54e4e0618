// poster PORT CA_FILE COUNT: mints COUNT login tokens over one kept connection, with nothing around it, and prints the
// median and the 99th percentile of the exchanges in microseconds.
#define _GNU_SOURCE
#include "https.h"
#include "timing.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>

static const char request[] = "POST /_matrix/client/v1/login/get_token HTTP/1.1\r\n"
                              "Host: localhost\r\nUser-Agent: poster\r\nAccept: application/json\r\n"
                              "Authorization: Bearer canary-access-token\r\n"
                              "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

static void give_up(const char *what) {
    fprintf(stderr, "poster: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static SSL *connected(int port, const char *ca_file) {
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof address)) die("connect");
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_load_verify_locations(context, ca_file, NULL) != 1) give_up("the CA cannot be read");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL *tls = SSL_new(context);
    if (!tls || SSL_set1_host(tls, "localhost") != 1 || SSL_set_fd(tls, server) != 1 || SSL_connect(tls) != 1)
        give_up("no TLS connection");
    return tls;
}

int main(int argc, char **argv) {
    long count = argc == 4 ? atol(argv[3]) : 0;
    if (count < 1) {
        fprintf(stderr, "usage: poster PORT CA_FILE COUNT\n");
        return 64;
    }
    SSL *tls = connected(atoi(argv[1]), argv[2]);
    static char answer[largest_message];
    uint64_t *times = calloc((size_t)count, sizeof *times);
    if (!times) die("calloc");
    // Negative turns warm both sides up and are not kept.
    for (long i = -1 - count / 10; i < count; i++) {
        uint64_t began = nanoseconds();
        if (SSL_write(tls, request, sizeof request - 1) <= 0 || !read_message(tls, answer)) give_up("no answer");
        if (i >= 0) times[i] = nanoseconds() - began;
        if (!strstr(answer, "\"login_token\"")) give_up(answer);
    }
    print_percentiles(times, (size_t)count);
    return 0;
}
