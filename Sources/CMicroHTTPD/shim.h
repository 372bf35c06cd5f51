/// Calls of libmicrohttpd that Swift cannot make: calls that are variadic in C, and flags that are enumerators.
#ifndef CMICROHTTPD_SHIM_H
#define CMICROHTTPD_SHIM_H

#include <microhttpd.h>

typedef void *(*cmhd_uri_function)(void *context, const char *uri, struct MHD_Connection *connection);

/// The callbacks of a daemon, their context, and its bounds.
struct cmhd_settings {
    int socket;
    void *context;
    MHD_AccessHandlerCallback handle;
    cmhd_uri_function uri;
    MHD_RequestCompletedCallback completed;
    MHD_NotifyConnectionCallback connection;
    unsigned int connections;
    size_t memory;
    unsigned int timeout;
};

/// Serves a listening socket from an epoll descriptor of its own; the caller watches it and calls MHD_run(3). NULL on
/// error.
static inline struct MHD_Daemon *cmhd_start(const struct cmhd_settings *settings) {
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, settings->handle, settings->context,
        MHD_OPTION_LISTEN_SOCKET, settings->socket,
        MHD_OPTION_CONNECTION_LIMIT, settings->connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, settings->memory,
        MHD_OPTION_CONNECTION_TIMEOUT, settings->timeout,
        MHD_OPTION_URI_LOG_CALLBACK, settings->uri, settings->context,
        MHD_OPTION_NOTIFY_COMPLETED, settings->completed, settings->context,
        MHD_OPTION_NOTIFY_CONNECTION, settings->connection, settings->context,
        MHD_OPTION_END);
}

/// The descriptor that tells when the daemon has something to do; -1 when there is none.
static inline int cmhd_epoll(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info ? info->epoll_fd : -1;
}

/// A connection's socket; -1 when there is none.
static inline int cmhd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? (int)info->connect_fd : -1;
}

/// Milliseconds until MHD_run(3) is to be called again; -1: not before the descriptor tells.
static inline long long cmhd_timeout(struct MHD_Daemon *daemon) {
    MHD_UNSIGNED_LONG_LONG wait;
    return MHD_get_timeout(daemon, &wait) == MHD_YES ? (long long)wait : -1;
}

/// Calls `each` with every header field of the request.
static inline void cmhd_fields(struct MHD_Connection *connection, MHD_KeyValueIterator each, void *context) {
    MHD_get_connection_values(connection, MHD_HEADER_KIND, each, context);
}

/// The value of a header field; NULL where there is none.
static inline const char *cmhd_field(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/// MHD_YES or MHD_NO, and back.
static inline enum MHD_Result cmhd_result(int is_good) { return is_good ? MHD_YES : MHD_NO; }
static inline int cmhd_is_good(enum MHD_Result result) { return result == MHD_YES; }

/// Whether a connection has begun, and not ended.
static inline int cmhd_has_begun(enum MHD_ConnectionNotificationCode code) {
    return code == MHD_CONNECTION_NOTIFY_STARTED;
}

/// A response with a copy of the bytes; NULL without memory.
static inline struct MHD_Response *cmhd_response(const void *bytes, size_t size) {
    return MHD_create_response_from_buffer(size, (void *)bytes, MHD_RESPMEM_MUST_COPY);
}

#endif
