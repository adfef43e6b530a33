#pragma once
#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <arpa/inet.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* curl_easy_setopt and its friends are variadic, which Swift cannot call: one typed door for each kind of argument. */

static inline CURLcode shim_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

static inline CURLcode shim_easy_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode shim_easy_set_size(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

/* The library's version, a byte for each of its three numbers. CURLVERSION_NOW is a macro. */
static inline unsigned shim_curl_version(void) { return curl_version_info(CURLVERSION_NOW)->version_num; }

/* curl copies the text; null sets the option back. */
static inline CURLcode shim_easy_set_text(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode shim_easy_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode shim_easy_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

/* For CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION. */
static inline CURLcode shim_easy_set_sink(
    CURL *easy, CURLoption option, size_t (*sink)(char *, size_t, size_t, void *)) {
    return curl_easy_setopt(easy, option, sink);
}

/* Who is told of the sockets of connections, and closes them. */
static inline CURLcode shim_easy_set_socket(
    CURL *easy, int (*opened)(void *, curl_socket_t, curlsocktype), int (*closed)(void *, curl_socket_t), void *data) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, opened);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, data);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, closed);
    return code ? code : curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, data);
}

/* `data` is that of CURLOPT_READDATA and its like: the transfer. */
static inline CURLcode shim_easy_set_before_request(
    CURL *easy, int (*before)(void *, char *, char *, int, int), void *data) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before);
    return code ? code : curl_easy_setopt(easy, CURLOPT_PREREQDATA, data);
}

/* Makes the handles that use this share resume each other's TLS sessions. */
static inline CURLSHcode shim_share_sessions(CURLSH *share) {
    return curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

static inline CURLcode shim_easy_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode shim_easy_get_size(CURL *easy, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode shim_easy_get_socket(CURL *easy, curl_socket_t *value) {
    return curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, value);
}

static inline CURLcode shim_easy_get_text(CURL *easy, CURLINFO info, char **value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode shim_easy_get_pointer(CURL *easy, CURLINFO info, void **value) {
    return curl_easy_getinfo(easy, info, value);
}

/* The certificates of the last new connection; null if there are none. curl owns them. */
static inline struct curl_certinfo *shim_easy_get_certificates(CURL *easy) {
    struct curl_certinfo *certificates = NULL;
    return curl_easy_getinfo(easy, CURLINFO_CERTINFO, &certificates) ? NULL : certificates;
}

static inline CURLMcode shim_multi_set_socket(
    CURLM *multi, int (*changed)(CURL *, curl_socket_t, int, void *, void *), void *context) {
    CURLMcode code = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, changed);
    return code ? code : curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
}

static inline CURLMcode shim_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLMcode shim_multi_set_timer(CURLM *multi, int (*changed)(CURLM *, long, void *), void *context) {
    CURLMcode code = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, changed);
    return code ? code : curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context);
}

/* The transfer that a message says has ended, and how; null for any other message. `data` is a union. */
static inline CURL *shim_message_ended(const CURLMsg *message, CURLcode *result) {
    if (message->msg != CURLMSG_DONE) return NULL;
    *result = message->data.result;
    return message->easy_handle;
}

/* The flags are expressions of macros, which Swift does not import. A user name in a URL would be sent as a key. */
static inline CURLUcode shim_url_parse(CURLU *url, const char *text) {
    return curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER | CURLU_PATH_AS_IS);
}

/* As curl reads a proxy's URL, which need not tell a scheme; user and password are decoded when asked for. */
static inline CURLUcode shim_url_guess(CURLU *url, const char *text) {
    return curl_url_set(url, CURLUPART_URL, text, CURLU_DEFAULT_SCHEME | CURLU_NON_SUPPORT_SCHEME);
}

/* As a browser reads a Location field: relative to what `url` holds, and forgiving about what should be encoded. */
static inline CURLUcode shim_url_resolve(CURLU *url, const char *location) {
    return curl_url_set(url, CURLUPART_URL, location, CURLU_DISALLOW_USER | CURLU_URLENCODE | CURLU_ALLOW_SPACE);
}

/* Like curl_url_get, but with the scheme's port where the URL names none, and with names and passwords decoded. */
static inline CURLUcode shim_url_part(CURLU *url, CURLUPart part, char **text) {
    int isSecret = part == CURLUPART_USER || part == CURLUPART_PASSWORD;
    return curl_url_get(url, part, text, part == CURLUPART_PORT ? CURLU_DEFAULT_PORT : isSecret ? CURLU_URLDECODE : 0);
}

/* A file without a name, in memory only; -1 and errno on failure. The C library declares it for _GNU_SOURCE only. */
static inline int shim_memory_file(const char *label) {
    return (int)syscall(SYS_memfd_create, label, 1u /* MFD_CLOEXEC */);
}

/* For CURLOPT_SSL_CTX_FUNCTION. Fails if this curl was not built with OpenSSL. */
static inline CURLcode shim_easy_set_context(CURL *easy, CURLcode (*made)(CURL *, void *, void *), void *context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, made);
    return code ? code : curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, context);
}

/* The TLS of the connection that a transfer uses at the moment; null without any. */
static inline SSL *shim_easy_tls(CURL *easy) {
    struct curl_tlssessioninfo *session = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) || !session) return NULL;
    return session->backend == CURLSSLBACKEND_OPENSSL ? (SSL *)session->internals : NULL;
}

/* Its OpenSSL context. */
static inline SSL_CTX *shim_easy_context(CURL *easy) {
    SSL *tls = shim_easy_tls(easy);
    return tls ? SSL_get_SSL_CTX(tls) : NULL;
}

/* Whether both sides have agreed on HTTP/2. */
static inline int shim_is_version_2(SSL *tls) {
    const unsigned char *name = NULL;
    unsigned int length = 0;
    SSL_get0_alpn_selected(tls, &name, &length);
    return length == 2 && !memcmp(name, "h2", 2);
}

/* The port of a TCP socket's own end; 0 for any other. */
static inline int shim_own_port(int socket) {
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    if (getsockname(socket, (struct sockaddr *)&at, &size)) return 0;
    if (at.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&at)->sin_port);
    return at.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&at)->sin6_port) : 0;
}

/* Whether a TCP socket's other end has this address, spelled as curl does. */
static inline int shim_has_peer(int socket, const char *address) {
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    char text[INET6_ADDRSTRLEN];
    if (getpeername(socket, (struct sockaddr *)&at, &size)) return 0;
    const void *bytes = at.ss_family == AF_INET6 ? (const void *)&((struct sockaddr_in6 *)&at)->sin6_addr
                                                 : (const void *)&((struct sockaddr_in *)&at)->sin_addr;
    return inet_ntop(at.ss_family, bytes, text, sizeof text) && !strcmp(text, address);
}

/* Macros of OpenSSL. */
static inline int shim_new_context_index(void) { return SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL); }

static inline int shim_is_close_notify(int where, int value) {
    return (where & SSL_CB_ALERT) && (where & SSL_CB_READ) && (value & 0xFF) == SSL_AD_CLOSE_NOTIFY;
}

/* Lets bytes that could not be sent be sent on from another place, reports each record that was sent, so that a failure is
   known to come after them, and reads a record at once: its length is not asked for first. The two buffers, of 17 KiB
   each, are kept from one record to the next, which curl does not want. */
static inline void shim_prepare_streaming(SSL *tls) {
    SSL_clear_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    SSL_set_mode(tls, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
    SSL_set_read_ahead(tls, 1);
}

/* Makes TLS read and write the socket itself. curl's own layer between them works only while curl is called, and so does
   its receiver of TLS sessions. */
static inline int shim_attach_socket(SSL *tls, int socket) {
    SSL_CTX_sess_set_new_cb(SSL_get_SSL_CTX(tls), NULL);
    return SSL_set_fd(tls, socket);
}

/* curl asks OpenSSL to take a connection that just ends for one that was closed in good order. */
static inline void shim_require_close_notify(SSL_CTX *context) {
#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF
    SSL_CTX_clear_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
#else
    (void)context;
#endif
}

/* The issuer of a certificate on one line, such as "O = Example, CN = Example Root", of at most `size` - 1 bytes. */
static inline void shim_issuer(X509 *certificate, char *text, int size) {
    int length = 0;
    BIO *out = BIO_new(BIO_s_mem());
    if (out) {
        X509_NAME_print_ex(out, X509_get_issuer_name(certificate), 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
        length = BIO_read(out, text, size - 1);
        BIO_free(out);
    }
    text[length > 0 ? length : 0] = 0;
}
