/* Puts many jobs into a spool quickly: written and renamed, not synced.
 *
 *   populate SPOOL DIRECTORY PREFIX COUNT [FROM TO] < JOB
 *
 * The jobs PREFIX0, PREFIX1, ... in SPOOL/DIRECTORY are copies of standard input. With FROM and TO, their mtimes lie
 * anywhere between so many seconds from now. Prints the seconds it took.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 2 };

static char job[65536];
static ssize_t size;
static const char *prefix;
static int tmp, target, count, dated;
static long from, to;

static void *fill(void *number) {
    unsigned seed = 1 + (long)number;
    for (int index = (long)number; index < count; index += THREADS) {
        char name[256];
        snprintf(name, sizeof name, "%s%d", prefix, index);
        int file = openat(tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file < 0) err(1, "%s", name);
        if (write(file, job, size) != size) err(1, "write");
        if (dated) {
            struct timespec now, times[2] = {{.tv_nsec = UTIME_OMIT}};
            clock_gettime(CLOCK_REALTIME, &now);
            times[1] = (struct timespec){now.tv_sec + from + (to > from ? rand_r(&seed) % (to - from) : 0), now.tv_nsec};
            if (futimens(file, times) < 0) err(1, "futimens");
        }
        if (close(file) < 0) err(1, "close");
        if (renameat(tmp, name, target, name) < 0) err(1, "rename");
    }
    return NULL;
}

int main(int words, char **word) {
    if (words != 5 && words != 7) errx(64, "usage: populate SPOOL DIRECTORY PREFIX COUNT [FROM TO] < JOB");
    if (chdir(word[1]) < 0) err(1, "%s", word[1]);
    tmp = open("tmp", O_RDONLY | O_DIRECTORY);
    target = open(word[2], O_RDONLY | O_DIRECTORY);
    if (tmp < 0 || target < 0) err(1, "tmp, %s", word[2]);
    prefix = word[3];
    count = atoi(word[4]);
    if ((dated = words == 7)) {
        from = atol(word[5]);
        to = atol(word[6]);
    }
    size = read(0, job, sizeof job);
    if (size <= 0) err(1, "standard input");

    struct timespec start, end;
    pthread_t threads[THREADS];
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (long number = 0; number < THREADS; number++)
        if (pthread_create(&threads[number], NULL, fill, (void *)number)) errx(1, "pthread_create");
    for (int number = 0; number < THREADS; number++) pthread_join(threads[number], NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.6f\n", (end.tv_sec - start.tv_sec) + (end.tv_nsec - start.tv_nsec) / 1e9);
}
