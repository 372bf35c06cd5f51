/* Drains a spool with the system calls that the daemon's promises cost, and computes next to nothing: the machine's limit.
 *
 *   limit SPOOL PORT CONNECTIONS LOG < MESSAGE
 *
 * For each job in new/ it makes the calls that strace(1) shows of outspoold in a drain: lstat, open, fstat and pread of
 * the file; the search for another file of its name; the claim, a rename into cur/main, and a look at what was claimed;
 * `sending` appended before the body is sent; `sent` appended after the server's 250; a rename into done/DAY. Four lines
 * of log for each mail are written once a turn. One thread; epoll(7) over CONNECTIONS kept connections to PORT of this
 * machine; MAIL, RCPT and DATA go together, and a connection's next job is claimed when its last one is settled.
 *
 * The message is the same for all, with CRLF. The program ends when new/ has been read and all is settled; anything that
 * is not as expected ends it with a line.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { GREETING, HELLO, FREE, ENVELOPE, CONTENT };

struct connection {
    int socket, step, replies, file, length;
    char name[256], input[4096];
};

static const char *const PLACES[] = {
    "done", "retry/01-30s", "retry/02-1m", "retry/03-2m", "retry/04-4m", "retry/05-8m", "retry/06-16m", "retry/07-32m",
    "retry/08-1h", "retry/09-2h", "retry/10-4h", "scheduled", "hold", "dead",
};
enum { PLACE_COUNT = sizeof PLACES / sizeof *PLACES };

static const char ENVELOPE_TEXT[] =
    "MAIL FROM:<bench@example.com>\r\nRCPT TO:<somebody@example.com>\r\nDATA\r\n";
static char message[65536], logged[1 << 20], stamp[64], day[16];
static size_t message_size, logged_size;
static int process, new, cur, done, today, places[PLACE_COUNT], log_file;
static DIR *listing;
static int under_way, has_looked;

static int opened(int directory, const char *name) {
    int found = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (found < 0) err(1, "%s", name);
    return found;
}

static void tell_time(void) {
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t size = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(stamp + size, sizeof stamp - size, ".%03ldZ", now.tv_nsec / 1000000);
}

static void note(const char *event, const char *name) {
    logged_size += snprintf(
        logged + logged_size, sizeof logged - logged_size,
        "%s bench outspool/%s[%d]: %s: to=<somebody@example.com>, relay=main, delay=0.1, dsn=2.0.0, status=%s "
        "(250 2.0.0 Ok)\n", stamp, event, process, name, event);
    if (logged_size > sizeof logged - 4096) errx(1, "more log in one turn than expected");
}

static void append(const struct connection *one, const char *event, const char *rest) {
    char line[512];
    int size = snprintf(
        line, sizeof line, "{\"at\":\"%s\",\"event\":\"%s\",\"attempt\":1,\"to\":[\"somebody@example.com\"],%s}\n", stamp,
        event, rest);
    if (write(one->file, line, size) != size) err(1, "%s: write", one->name);
}

/* Claims the next job of new/; 0 when there are none left. */
static int claim(struct connection *one) {
    struct dirent *entry;
    while ((entry = readdir(listing)) && entry->d_name[0] == '.') {}
    if (!entry) return 0;
    char text[8192];
    struct stat status;
    snprintf(one->name, sizeof one->name, "%s", entry->d_name);
    if (fstatat(new, one->name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode)) err(1, "%s", one->name);
    one->file = openat(new, one->name, O_RDWR | O_NOCTTY | O_APPEND | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (one->file < 0 || fstat(one->file, &status) < 0) err(1, "%s", one->name);
    if (pread(one->file, text, status.st_size + 1, 0) != status.st_size) err(1, "%s: read", one->name);
    if (!has_looked) {
        /* Which directories have anything in them is asked once a turn. */
        for (int place = 0; place < PLACE_COUNT; place++)
            if (fstat(places[place], &status) < 0) err(1, "%s", PLACES[place]);
        if (fstatat(done, day, &status, AT_SYMLINK_NOFOLLOW) < 0 || fstat(today, &status) < 0) err(1, "%s", day);
        has_looked = 1;
    }
    if (fstatat(today, one->name, &status, AT_SYMLINK_NOFOLLOW) == 0) errx(1, "%s is in done/", one->name);
    if (renameat2(new, one->name, cur, one->name, RENAME_NOREPLACE) < 0) err(1, "%s: claim", one->name);
    if (fstatat(cur, one->name, &status, AT_SYMLINK_NOFOLLOW) < 0) err(1, "%s: claim", one->name);
    note("pickup", one->name);
    note("qmgr", one->name);
    return 1;
}

static void transmit(const struct connection *one, const char *text, size_t size) {
    if (send(one->socket, text, size, MSG_NOSIGNAL) != (ssize_t)size) err(1, "send");
}

/* The connection is free: it gets the next job, or ends. */
static void begin(struct connection *one) {
    if (!claim(one)) {
        transmit(one, "QUIT\r\n", 6);
        close(one->socket);
        under_way--;
        return;
    }
    one->step = ENVELOPE;
    transmit(one, ENVELOPE_TEXT, sizeof ENVELOPE_TEXT - 1);
}

static void settle(struct connection *one) {
    struct stat status;
    append(one, "sent", "\"relay\":\"main\",\"code\":250,\"reply\":\"2.0.0 Ok\"");
    if (fstatat(done, day, &status, AT_SYMLINK_NOFOLLOW) < 0) err(1, "%s", day);
    if (renameat2(cur, one->name, today, one->name, RENAME_NOREPLACE) < 0) err(1, "%s: settle", one->name);
    close(one->file);
    note("smtp", one->name);
    note("removed", one->name);
}

static void replied(struct connection *one, const char *line) {
    static const char *const expected[] = {[GREETING] = "220", [HELLO] = "250", [CONTENT] = "250"};
    const char *code = one->step == ENVELOPE ? (one->replies == 2 ? "354" : "250") : expected[one->step];
    if (!code || strncmp(line, code, 3)) errx(1, "the server says %.80s", line);
    switch (one->step) {
    case GREETING:
        one->step = HELLO;
        transmit(one, "EHLO bench.example.com\r\n", 24);
        break;
    case HELLO:
        one->step = FREE;
        break;
    case ENVELOPE:
        if (++one->replies < 3) break;
        one->replies = 0;
        append(one, "sending", "\"relay\":\"main\",\"messageID\":\"<20261201T101907Z-0123456789@bench.example.com>\"");
        transmit(one, message, message_size);
        one->step = CONTENT;
        break;
    case CONTENT:
        settle(one);
        one->step = FREE;
    }
}

static void receive(struct connection *one) {
    ssize_t size = recv(one->socket, one->input + one->length, sizeof one->input - 1 - one->length, 0);
    if (size <= 0) err(1, "recv");
    one->length += size;
    one->input[one->length] = 0;
    char *line = one->input, *end;
    for (; (end = strchr(line, '\n')); line = end + 1)
        if (line[3] == ' ') replied(one, line);
    one->length -= line - one->input;
    memmove(one->input, line, one->length);
}

static int connected(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    if (one < 0 || connect(one, (struct sockaddr *)&address, sizeof address) < 0) err(1, "port %d", port);
    if (setsockopt(one, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) < 0) err(1, "TCP_NODELAY");
    return one;
}

int main(int words, char **word) {
    if (words != 5) errx(64, "usage: limit SPOOL PORT CONNECTIONS LOG < MESSAGE");
    log_file = open(word[4], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_file < 0 || chdir(word[1]) < 0) err(1, "%s, %s", word[4], word[1]);
    ssize_t size = read(0, message, sizeof message);
    if (size <= 0) err(1, "standard input");
    message_size = size;
    process = getpid();
    tell_time();
    snprintf(day, sizeof day, "%.10s", stamp);
    new = opened(AT_FDCWD, "new");
    done = opened(AT_FDCWD, "done");
    if (mkdirat(done, day, 0700) < 0 && errno != EEXIST) err(1, "done/%s", day);
    if (mkdir("cur/main", 0700) < 0 && errno != EEXIST) err(1, "cur/main");
    cur = opened(AT_FDCWD, "cur/main");
    today = opened(done, day);
    for (int place = 0; place < PLACE_COUNT; place++) places[place] = opened(AT_FDCWD, PLACES[place]);
    if (!(listing = fdopendir(dup(new)))) err(1, "new");

    int count = atoi(word[3]), loop = epoll_create1(EPOLL_CLOEXEC);
    struct connection *connections = calloc(count, sizeof *connections);
    struct epoll_event events[count];
    for (int index = 0; index < count; index++, under_way++) {
        connections[index].socket = connected(atoi(word[2]));
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[index]};
        if (epoll_ctl(loop, EPOLL_CTL_ADD, connections[index].socket, &event) < 0) err(1, "epoll_ctl");
    }
    while (under_way > 0) {
        int ready = epoll_wait(loop, events, count, -1);
        if (ready < 0) err(1, "epoll_wait");
        tell_time();
        has_looked = 0;
        for (int index = 0; index < ready; index++) receive(events[index].data.ptr);
        if (logged_size && write(log_file, logged, logged_size) != (ssize_t)logged_size) err(1, "log");
        logged_size = 0;
        for (int index = 0; index < ready; index++) {
            struct connection *one = events[index].data.ptr;
            if (one->step == FREE) begin(one);
        }
    }
    return 0;
}
