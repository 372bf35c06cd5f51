/// The gaps of Swift's Glibc module: calls and constants behind
/// _GNU_SOURCE, macros that are not literals, and structs with odd layout.
/// Each function is the call it is named after and returns what that returns,
/// -1 and errno on error.
#ifndef CLINUX_H
#define CLINUX_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/stat.h>
#include <time.h>

/// renameat2(2) with RENAME_NOREPLACE.
int clinux_rename_noreplace(int from_dir, const char *from, int to_dir, const char *to);

/// renameat2(2) with RENAME_EXCHANGE.
int clinux_rename_exchange(int from_dir, const char *from, int to_dir, const char *to);

/// posix_spawnp(3) with this process's environment and descriptors; `output`, unless it is -1, becomes the
/// child's standard output. The child's pid.
int clinux_run(char *const arguments[], int output);

/// Corrects the state that this process inherits: SIGCHLD has its default, SIGXFSZ is ignored (a file that
/// is too large is an error of the write, EFBIG), no signal is blocked, and a standard stream that was closed is one
/// that fails, so that no other file becomes it.
void clinux_prepare(void);
/// Raises the soft limit of open descriptors to the hard one and returns it; programs that clinux_spawn starts get the
/// one from before. -1 and errno when the system has none. See RLIMIT_NOFILE in setrlimit(2).
int64_t clinux_raise_descriptors(void);

/// openat(2), whose mode argument is variadic in C.
int clinux_openat(int dir, const char *path, int flags, mode_t mode);

/// O_PATH and O_TMPFILE are behind _GNU_SOURCE.
extern const int clinux_o_path;

/// sync_file_range(2) with SYNC_FILE_RANGE_WRITE on the whole file: starts the
/// write-back and does not wait.
int clinux_start_writeback(int fd);

/// Says of the filesystem of an open file whether it lives in memory (tmpfs, ramfs), and whether it is mounted noexec:
/// fstatfs(2) and fstatvfs(3). -1 with errno.
int clinux_filesystem(int fd, int *is_memory, int *is_noexec);
/// f_type of fstatfs(2) for an open file's filesystem, as 32 bits; -1 with errno.
int64_t clinux_filesystem_type(int fd);

/// One ready descriptor of epoll_wait(2): the events and the 64 bits that were
/// registered with it.
struct clinux_ready {
    uint32_t events;
    uint64_t token;
};

int clinux_epoll_create(void);
int clinux_epoll_add(int epoll, int fd, uint32_t events, uint64_t token);
int clinux_epoll_modify(int epoll, int fd, uint32_t events, uint64_t token);
int clinux_epoll_delete(int epoll, int fd);
int clinux_epoll_wait(int epoll, struct clinux_ready *ready, int capacity, int timeout_ms);
extern const uint32_t clinux_epollin, clinux_epollout, clinux_epollerr, clinux_epollhup, clinux_epollrdhup;

/// timerfd_create(2) on CLOCK_MONOTONIC, non-blocking, close-on-exec.
int clinux_timerfd_create(void);
/// timerfd_settime(2) to an absolute time of CLOCK_MONOTONIC; 0 disarms.
int clinux_timerfd_set(int fd, int64_t nanoseconds);

/// Blocks the signals in `signals` for the whole process and returns a
/// signalfd(2) that delivers them, non-blocking, close-on-exec.
int clinux_signalfd(const int *signals, int count);
/// Reads one signal number; 0 without any.
int clinux_signalfd_read(int fd);

int clinux_inotify_init(void);
extern const uint32_t clinux_in_moved_to, clinux_in_create, clinux_in_attrib, clinux_in_delete, clinux_in_moved_from,
    clinux_in_move_self, clinux_in_delete_self, clinux_in_ignored, clinux_in_q_overflow, clinux_in_isdir,
    clinux_in_onlydir, clinux_in_close_write, clinux_in_modify;

/// A program that is to be started, and what it gets.
struct clinux_program {
    const char *path;
    char *const *arguments;
    char *const *environment;
    /// Where it starts; NULL: where this process is.
    const char *directory;
    /// Its standard input, output and error, and, unless it is -1, what becomes its descriptor 3.
    int input, output, error, progress;
    /// RLIMIT_DATA in bytes and RLIMIT_CPU in seconds, of each of its processes; 0: as this process has them.
    int64_t memory, cpu;
    /// See nice(2).
    int niceness;
    /// Whether the kernel kills it when this process dies, and rather than this one when memory runs out.
    int is_bound;
};
/// Starts a program as the leader of a session and process group of its own, with no signal blocked or ignored, and
/// nothing open but what it is given. 0 once it runs; -1 and errno if it does not. See vfork(2), execve(2).
int clinux_spawn(const struct clinux_program *program, pid_t *pid);
/// prctl(2) with PR_SET_CHILD_SUBREAPER: a process below this one that loses its parent becomes its child.
int clinux_become_subreaper(void);
/// prctl(2) with PR_SET_NAME: the name of this process in ps(1).
int clinux_set_name(const char *name);
/// pidfd_open(2), which glibc has since 2.36 only. Always close-on-exec.
int clinux_pidfd_open(pid_t pid);
/// waitpid(2): 1 when the child has ended, with its exit status or the signal that ended it; 0 when it
/// has not, which comes only without `wait`.
int clinux_reap(pid_t pid, int wait, int *code, int *signal);
/// memfd_create(2), close-on-exec.
int clinux_memfd(const char *name);
/// pipe2(2), close-on-exec: the end to read from, then the end to write to.
int clinux_pipe(int *ends);

/// Opens a directory stream on a duplicate of `fd`, from its beginning.
void *clinux_opendir(int fd);
/// The next entry's name and type, "." and ".." left out; NULL at the end
/// (errno 0) or on error (errno set).
const char *clinux_readdir(void *stream, unsigned char *type);
void clinux_closedir(void *stream);

/// errno as a function: the macro does not import.
int clinux_errno(void);
void clinux_set_errno(int value);

#endif
