/* What a durable submission costs at least: create, write, fsync, rename, fsync(directory), in a loop.
 *
 *   loop SPOOL COUNT THREADS < OBJECT
 *
 * THREADS producers share COUNT jobs. Prints the seconds from the first system call to the last.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static char object[65536];
static ssize_t size;
static int tmp, new, each;

static void *produce(void *number) {
    for (int job = 0; job < each; job++) {
        char name[64];
        snprintf(name, sizeof name, "loop-%d-%ld-%d", getpid(), (long)number, job);
        int file = openat(tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file < 0) err(1, "%s", name);
        if (write(file, object, size) != size) err(1, "write");
        if (fsync(file) < 0) err(1, "fsync");
        if (close(file) < 0) err(1, "close");
        if (renameat(tmp, name, new, name) < 0) err(1, "rename");
        if (fsync(new) < 0) err(1, "fsync of the directory");
    }
    return NULL;
}

int main(int count, char **words) {
    if (count != 4) errx(64, "usage: loop SPOOL COUNT THREADS < OBJECT");
    int threads = atoi(words[3]);
    each = atoi(words[2]) / threads;
    if (chdir(words[1]) < 0) err(1, "%s", words[1]);
    tmp = open("tmp", O_RDONLY | O_DIRECTORY);
    new = open("new", O_RDONLY | O_DIRECTORY);
    if (tmp < 0 || new < 0) err(1, "tmp, new");
    size = read(0, object, sizeof object);
    if (size <= 0) err(1, "standard input");

    struct timespec start, end;
    pthread_t producers[threads];
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (long number = 0; number < threads; number++)
        if (pthread_create(&producers[number], NULL, produce, (void *)number)) errx(1, "pthread_create");
    for (int number = 0; number < threads; number++) pthread_join(producers[number], NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.6f\n", (end.tv_sec - start.tv_sec) + (end.tv_nsec - start.tv_nsec) / 1e9);
}
