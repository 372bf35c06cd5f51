/* Runs a command again and again, one after the other, and prints the seconds it took.
 *
 *   again COUNT FILE COMMAND [ARGUMENT ...]
 *
 * Each has FILE as its standard input and writes to /dev/null; one that fails ends it.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

int main(int words, char **word) {
    if (words < 4) errx(64, "usage: again COUNT FILE COMMAND [ARGUMENT ...]");
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, word[2], O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);

    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int left = atoi(word[1]); left > 0; left--) {
        pid_t child;
        int status;
        if (posix_spawn(&child, word[3], &files, NULL, word + 3, environ)) errx(1, "%s cannot be run", word[3]);
        if (waitpid(child, &status, 0) < 0) err(1, "waitpid");
        if (status != 0) errx(1, "%s failed", word[3]);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.6f\n", (end.tv_sec - start.tv_sec) + (end.tv_nsec - start.tv_nsec) / 1e9);
}
