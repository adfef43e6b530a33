// A load for one thread, over TCP or a Unix socket, which wrk cannot do: each connection sends its next request when the
// answer to the last one has come.
//
//   load PORT|PATH TARGET CONNECTIONS SECONDS     prints {"requests": N, "microseconds": N}

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct connection {
    int socket;
    char head[4096];  // of the answer, as far as it has come
    size_t read;
    long left;  // bytes of the body to come; -1 while the head is not complete
};

static char request[2048];
static size_t length;
static char body[1 << 20];

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static int opened(const char *address) {
    if (address[0] == '/') {
        struct sockaddr_un local = {.sun_family = AF_UNIX};
        snprintf(local.sun_path, sizeof local.sun_path, "%s", address);
        int socket_ = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(socket_, (struct sockaddr *)&local, sizeof local) != 0) fail(address);
        return socket_;
    }
    struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_port = htons(atoi(address)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int socket_ = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (connect(socket_, (struct sockaddr *)&tcp, sizeof tcp) != 0) fail(address);
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return socket_;
}

static void ask(struct connection *one) {
    one->read = 0;
    one->left = -1;
    if (write(one->socket, request, length) != (ssize_t)length) fail("write");
}

// Reads once. Whether the answer is complete.
static int take(struct connection *one) {
    if (one->left >= 0) {
        ssize_t count = read(one->socket, body, one->left < (long)sizeof body ? one->left : (long)sizeof body);
        if (count <= 0) fail("read");
        return (one->left -= count) == 0;
    }
    ssize_t count = read(one->socket, one->head + one->read, sizeof one->head - 1 - one->read);
    if (count <= 0) fail("read");
    one->read += count;
    one->head[one->read] = 0;
    char *end = strstr(one->head, "\r\n\r\n");
    if (!end) return 0;
    char *field = strcasestr(one->head, "\r\ncontent-length:");
    if (strncmp(one->head, "HTTP/1.1 200", 12) != 0 || !field || field > end) {
        fprintf(stderr, "load: %.*s\n", (int)(end - one->head), one->head);
        exit(1);
    }
    one->left = atol(field + 17) - (long)(one->head + one->read - (end + 4));
    return one->left == 0;
}

int main(int count, char **arguments) {
    if (count != 5) return fprintf(stderr, "load PORT|PATH TARGET CONNECTIONS SECONDS\n"), 64;
    int connections = atoi(arguments[3]), poll = epoll_create1(0);
    length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: identity\r\n\r\n",
                      arguments[2]);
    struct connection *all = calloc(connections, sizeof *all);
    for (int index = 0; index < connections; index++) {
        all[index].socket = opened(arguments[1]);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[index]};
        epoll_ctl(poll, EPOLL_CTL_ADD, all[index].socket, &event);
        ask(&all[index]);
    }
    long requests = 0, began = now(), end = began + (long)(atof(arguments[4]) * 1e6), time = began;
    while ((time = now()) < end) {
        struct epoll_event events[64];
        int ready = epoll_wait(poll, events, 64, 1000);
        for (int index = 0; index < ready; index++) {
            struct connection *one = events[index].data.ptr;
            if (!take(one)) continue;
            requests++;
            ask(one);
        }
    }
    printf("{\"requests\": %ld, \"microseconds\": %ld}\n", requests, time - began);
}
