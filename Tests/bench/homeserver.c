// homeserver CERTIFICATE KEY THINKING_MS: a homeserver that knows one user and mints for whoever asks. It prints its port
// and serves HTTPS on loopback, a thread for each connection. It thinks that long before it mints: a real one takes
// milliseconds, and with 0 the agent's own share shows naked.
#define _GNU_SOURCE
#include "https.h"
#include "timing.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static struct timespec thinking;

static const struct {
    const char *request, *body;
} answers[] = {
    /* A token of a short life: until its end a daemon keeps looking for whoever it signs in. */
    {"POST /_matrix/client/v1/login/get_token ", "{\"login_token\":\"canary-login-token\",\"expires_in_ms\":1000}"},
    {"GET /_matrix/client/versions ", "{\"versions\":[\"v1.7\",\"v1.11\"]}"},
    {"GET /_matrix/client/v3/account/whoami ", "{\"user_id\":\"@bench:localhost\",\"device_id\":\"BENCH\"}"},
    {"GET /_matrix/client/v3/capabilities ", "{\"capabilities\":{\"m.get_login_token\":{\"enabled\":true}}}"},
    {"GET /_matrix/client/v3/login ",
     "{\"flows\":[{\"type\":\"m.login.password\"},{\"type\":\"m.login.token\",\"get_login_token\":true}]}"},
};

static int answer_to(const char *request, char *answer) {
    const char *status = "404 Not Found", *body = "{\"errcode\":\"M_UNRECOGNIZED\",\"error\":\"Unrecognized request\"}";
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        if (strncmp(request, answers[i].request, strlen(answers[i].request))) continue;
        status = "200 OK";
        body = answers[i].body;
        if (i == 0) nanosleep(&thinking, NULL);
    }
    return snprintf(
        answer,
        largest_message,
        "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
        status,
        strlen(body),
        body
    );
}

static void *serve(void *connection) {
    SSL *tls = connection;
    int client = SSL_get_fd(tls);
    char *request = malloc(largest_message), *answer = malloc(largest_message);
    if (!request || !answer) die("malloc");
    if (SSL_accept(tls) == 1)
        while (read_message(tls, request) && SSL_write(tls, answer, answer_to(request, answer)) > 0) {}
    ERR_clear_error();
    free(request);
    free(answer);
    SSL_free(tls);
    close(client);
    return NULL;
}

static int listening(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) || listen(listener, 128)) die("listen");
    if (getsockname(listener, (struct sockaddr *)&address, &size)) die("getsockname");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: homeserver CERTIFICATE KEY THINKING_MS\n");
        return 64;
    }
    signal(SIGPIPE, SIG_IGN);
    thinking.tv_nsec = atol(argv[3]) * 1000000;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context || SSL_CTX_use_certificate_chain_file(context, argv[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        return 1;
    }
    int listener = listening();
    for (;;) {
        int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0) continue;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        SSL *tls = SSL_new(context);
        pthread_t thread;
        if (!tls || SSL_set_fd(tls, client) != 1 || pthread_create(&thread, NULL, serve, tls)) die("serve");
        pthread_detach(thread);
    }
}
