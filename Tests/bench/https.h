// What both ends of the bench's HTTPS share: reading one message of HTTP/1.1 from a TLS connection.
#pragma once
#include <openssl/ssl.h>
#include <stdbool.h>
#include <string.h>

enum { largest_message = 1 << 16 };

// Reads until the head and as much body as it announces are there; false where the other side has gone before.
static inline bool read_message(SSL *tls, char *message) {
    int length = 0;
    for (;;) {
        int count = SSL_read(tls, message + length, largest_message - 1 - length);
        if (count <= 0) return false;
        length += count;
        message[length] = '\0';
        const char *end = strstr(message, "\r\n\r\n");
        if (!end) continue;
        const char *announced = strcasestr(message, "\r\ncontent-length:");
        long body = announced && announced < end ? atol(announced + strlen("\r\ncontent-length:")) : 0;
        if (message + length - (end + 4) >= body) return true;
    }
}
