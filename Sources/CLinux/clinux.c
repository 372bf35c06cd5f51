#define _GNU_SOURCE
#include "clinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/statvfs.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

int clinux_rename_noreplace(int from_dir, const char *from, int to_dir, const char *to) {
    return renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE);
}

int clinux_rename_exchange(int from_dir, const char *from, int to_dir, const char *to) {
    return renameat2(from_dir, from, to_dir, to, RENAME_EXCHANGE);
}

int clinux_run(char *const arguments[], int output) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    /* What clinux_prepare has ignored. */
    sigset_t ignored;
    sigemptyset(&ignored);
    sigaddset(&ignored, SIGXFSZ);
    posix_spawnattr_setsigdefault(&attributes, &ignored);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    int error = output == -1 ? 0 : posix_spawn_file_actions_adddup2(&actions, output, 1);
    pid_t pid = -1;
    if (!error) error = posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (!error) return pid;
    errno = error;
    return -1;
}

void clinux_prepare(void) {
    signal(SIGCHLD, SIG_DFL);
    signal(SIGXFSZ, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 0; number < 3; number++)
        if (fcntl(number, F_GETFD) < 0 && errno == EBADF && open("/dev/null", number ? O_RDONLY : O_WRONLY) < 0) return;
}

/* The soft limit of descriptors that this process was given; 0 while it has not been raised. */
static rlim_t given_descriptors;
int64_t clinux_raise_descriptors(void) {
    struct rlimit now;
    if (getrlimit(RLIMIT_NOFILE, &now) < 0) return -1;
    struct rlimit wanted = {.rlim_cur = now.rlim_max, .rlim_max = now.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &wanted) < 0) return (int64_t)now.rlim_cur;
    if (!given_descriptors) given_descriptors = now.rlim_cur;
    return wanted.rlim_cur > INT32_MAX ? INT32_MAX : (int64_t)wanted.rlim_cur;
}

int clinux_openat(int dir, const char *path, int flags, mode_t mode) { return openat(dir, path, flags, mode); }

const int clinux_o_path = O_PATH;

int clinux_syncfs(int fd) { return syncfs(fd); }

int clinux_start_writeback(int fd) { return sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); }

int clinux_filesystem(int fd, int *is_memory, int *is_noexec) {
    struct statfs kind;
    struct statvfs flags;
    if (fstatfs(fd, &kind) == -1 || fstatvfs(fd, &flags) == -1) return -1;
    *is_memory = kind.f_type == 0x01021994 || kind.f_type == 0x858458F6; // TMPFS_MAGIC, RAMFS_MAGIC
    *is_noexec = (flags.f_flag & ST_NOEXEC) != 0;
    return 0;
}

int64_t clinux_filesystem_type(int fd) {
    struct statfs kind;
    return fstatfs(fd, &kind) == -1 ? -1 : (int64_t)(uint32_t)kind.f_type;
}

int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int epoll_change(int epoll, int op, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return epoll_ctl(epoll, op, fd, &event);
}
int clinux_epoll_add(int epoll, int fd, uint32_t events, uint64_t token) {
    return epoll_change(epoll, EPOLL_CTL_ADD, fd, events, token);
}
int clinux_epoll_modify(int epoll, int fd, uint32_t events, uint64_t token) {
    return epoll_change(epoll, EPOLL_CTL_MOD, fd, events, token);
}
int clinux_epoll_delete(int epoll, int fd) { return epoll_change(epoll, EPOLL_CTL_DEL, fd, 0, 0); }

int clinux_epoll_wait(int epoll, struct clinux_ready *ready, int capacity, int timeout_ms) {
    struct epoll_event events[128];
    if (capacity > 128) capacity = 128;
    int count = epoll_wait(epoll, events, capacity, timeout_ms);
    for (int i = 0; i < count; i++) {
        ready[i].events = events[i].events;
        ready[i].token = events[i].data.u64;
    }
    return count;
}
const uint32_t clinux_epollin = EPOLLIN, clinux_epollout = EPOLLOUT, clinux_epollerr = EPOLLERR,
               clinux_epollhup = EPOLLHUP, clinux_epollrdhup = EPOLLRDHUP;

int clinux_timerfd_create(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); }
int clinux_timerfd_set(int fd, int64_t nanoseconds) {
    struct itimerspec at = {.it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000}};
    return timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, NULL);
}

int clinux_signalfd(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return -1;
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}
int clinux_signalfd_read(int fd) {
    struct signalfd_siginfo info;
    return read(fd, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

int clinux_inotify_init(void) { return inotify_init1(IN_NONBLOCK | IN_CLOEXEC); }
const uint32_t clinux_in_moved_to = IN_MOVED_TO, clinux_in_create = IN_CREATE, clinux_in_attrib = IN_ATTRIB,
               clinux_in_delete = IN_DELETE, clinux_in_moved_from = IN_MOVED_FROM,
               clinux_in_move_self = IN_MOVE_SELF, clinux_in_delete_self = IN_DELETE_SELF,
               clinux_in_ignored = IN_IGNORED, clinux_in_q_overflow = IN_Q_OVERFLOW, clinux_in_isdir = IN_ISDIR,
               clinux_in_onlydir = IN_ONLYDIR, clinux_in_close_write = IN_CLOSE_WRITE,
               clinux_in_modify = IN_MODIFY;

/* Runs in the child, which shares the memory of this process until it becomes the program: it changes nothing
   there, and makes system calls only. */
static int limit(int resource, rlim_t soft, rlim_t hard) {
    struct rlimit now;
    if (getrlimit(resource, &now) < 0) return -1;
    struct rlimit wanted = {.rlim_cur = soft, .rlim_max = hard};
    if (wanted.rlim_max > now.rlim_max) wanted.rlim_max = now.rlim_max;
    if (wanted.rlim_cur > wanted.rlim_max) wanted.rlim_cur = wanted.rlim_max;
    return setrlimit(resource, &wanted);
}
static __attribute__((noinline)) int become(const struct clinux_program *program, pid_t parent) {
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    if (setsid() < 0) return errno;
    if (program->is_bound) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno;
        /* It may have died before that. */
        if (getppid() != parent) _exit(127);
        int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
        if (file >= 0) {
            /* No promise: where it cannot be written it is as it was. */
            ssize_t written = write(file, "500", 3);
            (void)written;
            close(file);
        }
    }
    /* Out of the way of each other first. */
    int given[] = {program->input, program->output, program->error, program->progress};
    for (int i = 0; i < 4; i++)
        if (given[i] >= 0 && (given[i] = fcntl(given[i], F_DUPFD_CLOEXEC, 10)) < 0) return errno;
    for (int i = 0; i < 4; i++)
        if (given[i] >= 0 && dup2(given[i], i) < 0) return errno;
    /* Not at execve(2), which lets the parent go on before it closes: a lock of the parent's must not outlive it here.
       A kernel without the call leaves that to execve(2), since all of ours is close-on-exec. */
    syscall(SYS_close_range, given[3] >= 0 ? 4u : 3u, ~0u, 0u);
    if (program->directory && chdir(program->directory) < 0) return errno;
    if (program->memory && limit(RLIMIT_DATA, program->memory, program->memory) < 0) return errno;
    /* SIGXCPU first, SIGKILL five seconds later. */
    if (program->cpu && limit(RLIMIT_CPU, program->cpu, program->cpu + 5) < 0) return errno;
    if (program->is_bound && limit(RLIMIT_CORE, 0, 0) < 0) return errno;
    /* A program that closes or selects each descriptor it may have is not to have ours. */
    if (given_descriptors && limit(RLIMIT_NOFILE, given_descriptors, RLIM_INFINITY) < 0) return errno;
    sigset_t none;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) < 0) return errno;
    execve(program->path, program->arguments, program->environment);
    return errno;
}
int clinux_spawn(const struct clinux_program *program, pid_t *pid) {
    /* Volatile: the child writes it. */
    volatile int error = 0;
    sigset_t all, before;
    sigfillset(&all);
    /* No handler of this process may run in the child. */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t child = vfork();
    if (child == 0) {
        error = become(program, parent);
        _exit(127);
    }
    if (child < 0) error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!error) {
        /* Not in the child: while it has less than this process, which waits for it, both wait for everybody else.
           ESRCH: it has ended already. */
        if (program->niceness) setpriority(PRIO_PGRP, child, program->niceness);
        *pid = child;
        return 0;
    }
    if (child > 0) while (waitpid(child, NULL, 0) < 0 && errno == EINTR);
    errno = error;
    return -1;
}
int clinux_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
int clinux_set_name(const char *name) { return prctl(PR_SET_NAME, name, 0, 0, 0); }
int clinux_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }
int clinux_reap(pid_t pid, int wait, int *code, int *signal) {
    int status = 0;
    pid_t ended = waitpid(pid, &status, wait ? 0 : WNOHANG);
    if (ended <= 0) return (int)ended;
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    *signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return 1;
}
int clinux_memfd(const char *name) { return memfd_create(name, MFD_CLOEXEC); }
int clinux_pipe(int *ends) { return pipe2(ends, O_CLOEXEC); }

void *clinux_opendir(int fd) {
    /* Not dup(2): a duplicate would share the position with every other reader. */
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (own < 0) return NULL;
    DIR *stream = fdopendir(own);
    if (!stream) {
        int saved = errno;
        close(own);
        errno = saved;
    }
    return stream;
}
const char *clinux_readdir(void *stream, unsigned char *type) {
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(stream);
        if (!entry) return NULL;
        const char *name = entry->d_name;
        if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0))) continue;
        *type = entry->d_type;
        return name;
    }
}
void clinux_closedir(void *stream) { closedir(stream); }
long clinux_telldir(void *stream) { return telldir(stream); }
void clinux_seekdir(void *stream, long position) { seekdir(stream, position); }

int clinux_errno(void) { return errno; }
void clinux_set_errno(int value) { errno = value; }
