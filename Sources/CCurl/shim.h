/// The calls of libcurl that Swift cannot make: setters and getters that are variadic in C, and the union in CURLMsg.
/// Each is the call that it is named after, for one type of value.
#ifndef CCURL_SHIM_H
#define CCURL_SHIM_H

/* For curl_multi_socket_all(), which has no successor that looks at handles without a socket. */
#define CURL_DISABLE_DEPRECATION
#include <curl/curl.h>
#include <string.h>

static inline CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}
/// NULL unsets the option. libcurl copies the string.
static inline CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *list) {
    return curl_easy_setopt(easy, option, list);
}

typedef curl_socket_t (*ccurl_open_function)(void *context, curlsocktype purpose, struct curl_sockaddr *address);
static inline CURLcode ccurl_set_open_function(CURL *easy, ccurl_open_function function) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, function);
}
typedef int (*ccurl_option_function)(void *context, curl_socket_t socket, curlsocktype purpose);
static inline CURLcode ccurl_set_option_function(CURL *easy, ccurl_option_function function) {
    return curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, function);
}

static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}
static inline CURLMcode ccurl_multi_set_pointer(CURLM *multi, CURLMoption option, void *value) {
    return curl_multi_setopt(multi, option, value);
}

typedef int (*ccurl_socket_function)(CURL *easy, curl_socket_t socket, int what, void *context, void *socket_context);
static inline CURLMcode ccurl_multi_set_socket_function(CURLM *multi, ccurl_socket_function function) {
    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, function);
}
typedef int (*ccurl_timer_function)(CURLM *multi, long timeout_ms, void *context);
static inline CURLMcode ccurl_multi_set_timer_function(CURLM *multi, ccurl_timer_function function) {
    return curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, function);
}

/// Has each transfer look at the clock. See curl_multi_socket_all(3).
static inline void ccurl_multi_nudge(CURLM *multi) {
    int running;
    curl_multi_socket_all(multi, &running);
}

/// The transfer that has ended and its result; NULL when none is left to tell of. See curl_multi_info_read(3).
static inline CURL *ccurl_multi_next_done(CURLM *multi, CURLcode *result) {
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        *result = message->data.result;
        return message->easy_handle;
    }
    return NULL;
}

/// CURLINFO_ACTIVESOCKET; -1 without one.
static inline int ccurl_active_socket(CURL *easy) {
    curl_socket_t socket = CURL_SOCKET_BAD;
    if (curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket) != CURLE_OK) return -1;
    return (int)socket;
}
/// CURLINFO_OS_ERRNO; 0 when connecting did not fail.
static inline int ccurl_os_errno(CURL *easy) {
    long number = 0;
    if (curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number) != CURLE_OK) return 0;
    return (int)number;
}
/// A CURLINFO_..._TIME_T in microseconds; 0 when that step was not reached.
static inline int64_t ccurl_time(CURL *easy, CURLINFO info) {
    curl_off_t time = 0;
    if (curl_easy_getinfo(easy, info, &time) != CURLE_OK) return 0;
    return (int64_t)time;
}

/// CURLINFO_PRIMARY_IP; NULL without one. The text is the handle's.
static inline const char *ccurl_primary_address(CURL *easy) {
    char *text = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &text) != CURLE_OK || !text || !*text) return NULL;
    return text;
}

/// A field of the server's own certificate, which CURLINFO_CERTINFO has as a line that begins with `name`; NULL where
/// it is missing. The text is the handle's.
static inline const char *ccurl_certificate_field(CURL *easy, const char *name) {
    struct curl_certinfo *chain = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain || chain->num_of_certs < 1) return NULL;
    size_t length = strlen(name);
    for (struct curl_slist *line = chain->certinfo[0]; line; line = line->next) {
        if (strncmp(line->data, name, length) == 0) return line->data + length;
    }
    return NULL;
}

#endif
