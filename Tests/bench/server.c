// A bare server on libuv and llhttp: one loop, and one buffer, made beforehand, for each answer.
//
//   server PORT ROUTES [origin]
//
// ROUTES has a line `TARGET CODING TYPE FILE` for each answer; CODING is `identity` or `gzip`. Without `origin` it is the
// floor of the measurements: nothing is looked at but the target and whether Accept-Encoding is there. With it, it is
// the upstream of what is measured: it counts requests (GET /_asked tells how many), it gives several answers of one target
// by turns, and GET /events?N sends an event every N milliseconds, which tells the moment at which it was sent (nanoseconds
// of the monotonic clock).
#define _GNU_SOURCE
#include <llhttp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

enum { maximumRoutes = 64, maximumTarget = 1024 };

typedef struct {
    const char *target;
    size_t targetLength;
    int gzip;
    uv_buf_t answer;
    unsigned long given;
} Route;

typedef struct {
    uv_tcp_t tcp;
    llhttp_t parser;
    uv_timer_t timer;
    size_t targetLength;
    int gzip, isEventful, inEncoding;
    char target[maximumTarget];
} Client;

static Route routes[maximumRoutes];
static int routeCount, isOrigin;
static unsigned long asked;
static char slab[65536];
static llhttp_settings_t settings;
static uv_buf_t missing;

static void fail(const char *what) {
    fprintf(stderr, "server: %s\n", what);
    exit(1);
}

static uv_buf_t answerOf(const char *status, const char *type, const char *more, const char *body, size_t length) {
    char *bytes = malloc(length + 512);
    int head = snprintf(
        bytes, 512, "HTTP/1.1 %s\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n", status, type, more, length);
    memcpy(bytes + head, body, length);
    return uv_buf_init(bytes, (unsigned)(head + length));
}

static void readRoutes(const char *path) {
    FILE *list = fopen(path, "r");
    if (!list) fail("the list of routes cannot be read");
    char target[maximumTarget], coding[16], type[64], file[1024];
    while (fscanf(list, "%1023s %15s %63s %1023s", target, coding, type, file) == 4) {
        if (routeCount == maximumRoutes) fail("too many routes");
        FILE *body = fopen(file, "rb");
        if (!body) fail("a body cannot be read");
        fseek(body, 0, SEEK_END);
        size_t length = (size_t)ftell(body);
        rewind(body);
        char *bytes = malloc(length + 1);
        if (fread(bytes, 1, length, body) != length) fail("a body cannot be read");
        fclose(body);
        int gzip = strcmp(coding, "gzip") == 0;
        const char *more =
            gzip ? "Cache-Control: public, max-age=86400\r\nVary: Accept-Encoding\r\nContent-Encoding: gzip\r\n"
                 : "Cache-Control: public, max-age=86400\r\nVary: Accept-Encoding\r\n";
        uv_buf_t answer = answerOf("200 OK", type, more, bytes, length);
        routes[routeCount++] = (Route){strdup(target), strlen(target), gzip, answer, 0};
        free(bytes);
    }
    fclose(list);
}

// MARK: Writing: at once what the socket takes, the rest by libuv

static void onWritten(uv_write_t *request, int status) {
    (void)status;
    free(request);
}

static void onCopyWritten(uv_write_t *request, int status) {
    (void)status;
    free(request->data);
    free(request);
}

static void onClosed(uv_handle_t *handle) { free(handle->data); }
static void onTimerClosed(uv_handle_t *handle) {
    Client *client = handle->data;
    uv_close((uv_handle_t *)&client->tcp, onClosed);
}
static void closeClient(Client *client) {
    if (!uv_is_closing((uv_handle_t *)&client->timer)) uv_close((uv_handle_t *)&client->timer, onTimerClosed);
}

static void sendFixed(Client *client, uv_buf_t answer) {
    uv_stream_t *stream = (uv_stream_t *)&client->tcp;
    int sent = uv_stream_get_write_queue_size(stream) ? UV_EAGAIN : uv_try_write(stream, &answer, 1);
    if (sent == (int)answer.len) return;
    if (sent < 0) sent = 0;
    uv_buf_t rest = uv_buf_init(answer.base + sent, (unsigned)(answer.len - (size_t)sent));
    uv_write_t *request = malloc(sizeof *request);
    if (uv_write(request, stream, &rest, 1, onWritten) != 0) free(request);
}

static void sendCopy(Client *client, const char *text, size_t length) {
    uv_write_t *request = malloc(sizeof *request);
    request->data = memcpy(malloc(length), text, length);
    uv_buf_t buffer = uv_buf_init(request->data, (unsigned)length);
    if (uv_write(request, (uv_stream_t *)&client->tcp, &buffer, 1, onCopyWritten) != 0) onCopyWritten(request, 0);
}

static void onTick(uv_timer_t *timer) {
    Client *client = timer->data;
    char event[64], chunk[96];
    int length = snprintf(event, sizeof event, "data: %llu\n\n", (unsigned long long)uv_hrtime());
    length = snprintf(chunk, sizeof chunk, "%x\r\n%s\r\n", (unsigned)length, event);
    sendCopy(client, chunk, (size_t)length);
}

// MARK: Requests

static int onBegin(llhttp_t *parser) {
    Client *client = parser->data;
    client->targetLength = 0;
    client->gzip = client->inEncoding = 0;
    return 0;
}

static int onTarget(llhttp_t *parser, const char *at, size_t length) {
    Client *client = parser->data;
    if (client->targetLength + length >= maximumTarget) return -1;
    memcpy(client->target + client->targetLength, at, length);
    client->targetLength += length;
    return 0;
}

static int onField(llhttp_t *parser, const char *at, size_t length) {
    ((Client *)parser->data)->inEncoding = length == 15 && strncasecmp(at, "accept-encoding", 15) == 0;
    return 0;
}

static int onValue(llhttp_t *parser, const char *at, size_t length) {
    Client *client = parser->data;
    if (client->inEncoding && memmem(at, length, "gzip", 4)) client->gzip = 1;
    return 0;
}

static int isTarget(const Client *client, const char *text) {
    size_t length = strlen(text);
    return client->targetLength >= length && memcmp(client->target, text, length) == 0;
}

static void answerOrigin(Client *client) {
    if (isTarget(client, "/_asked")) {
        char text[32];
        int length = snprintf(text, sizeof text, "%lu", asked);
        uv_buf_t answer = answerOf("200 OK", "text/plain", "", text, (size_t)length);
        sendCopy(client, answer.base, answer.len);
        free(answer.base);
        return;
    }
    client->target[client->targetLength] = 0;
    unsigned long interval = strtoul(strchr(client->target, '?') ? strchr(client->target, '?') + 1 : "5", NULL, 10);
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n";
    sendCopy(client, head, sizeof head - 1);
    uv_timer_start(&client->timer, onTick, interval, interval);
}

static int onComplete(llhttp_t *parser) {
    Client *client = parser->data;
    if (isOrigin && (isTarget(client, "/_asked") || memmem(client->target, client->targetLength, "/events", 7))) {
        answerOrigin(client);
        return 0;
    }
    asked++;
    Route *found = NULL;
    for (int index = 0; index < routeCount; index++) {
        Route *route = &routes[index];
        if (route->targetLength != client->targetLength) continue;
        if (memcmp(route->target, client->target, client->targetLength) != 0) continue;
        if (route->gzip && !client->gzip) continue;
        if (found && found->gzip == client->gzip && route->gzip != client->gzip) continue;
        if (found && found->gzip == route->gzip && found->given <= route->given) continue;
        found = route;
        if (!isOrigin && route->gzip == client->gzip) break;
    }
    if (found) found->given++;
    sendFixed(client, found ? found->answer : missing);
    return 0;
}

// MARK: Connections

static void onAllocate(uv_handle_t *handle, size_t size, uv_buf_t *buffer) {
    (void)handle, (void)size;
    *buffer = uv_buf_init(slab, sizeof slab);
}

static void onRead(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer) {
    Client *client = stream->data;
    int isBad = count < 0 || (count > 0 && llhttp_execute(&client->parser, buffer->base, (size_t)count) != HPE_OK);
    if (isBad) closeClient(client);
}

static void onConnection(uv_stream_t *listener, int status) {
    if (status < 0) return;
    Client *client = calloc(1, sizeof *client);
    uv_tcp_init(listener->loop, &client->tcp);
    uv_timer_init(listener->loop, &client->timer);
    client->tcp.data = client->timer.data = client;
    llhttp_init(&client->parser, HTTP_REQUEST, &settings);
    client->parser.data = client;
    if (uv_accept(listener, (uv_stream_t *)&client->tcp) != 0) {
        closeClient(client);
        return;
    }
    uv_tcp_nodelay(&client->tcp, 1);
    uv_read_start((uv_stream_t *)&client->tcp, onAllocate, onRead);
}

int main(int count, char **arguments) {
    if (count < 3) fail("usage: server PORT ROUTES [origin]");
    isOrigin = count > 3 && strcmp(arguments[3], "origin") == 0;
    readRoutes(arguments[2]);
    missing = answerOf("404 Not Found", "application/json", "", "{}", 2);
    llhttp_settings_init(&settings);
    settings.on_message_begin = onBegin;
    settings.on_url = onTarget;
    settings.on_header_field = onField;
    settings.on_header_value = onValue;
    settings.on_message_complete = onComplete;
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t listener;
    struct sockaddr_in address;
    uv_tcp_init(loop, &listener);
    uv_ip4_addr("127.0.0.1", atoi(arguments[1]), &address);
    if (uv_tcp_bind(&listener, (const struct sockaddr *)&address, 0) != 0) fail("the port cannot be bound");
    if (uv_listen((uv_stream_t *)&listener, 1024, onConnection) != 0) fail("the port is taken");
    return uv_run(loop, UV_RUN_DEFAULT);
}
