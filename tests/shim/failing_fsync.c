/* A disk that fails, as Linux tells of it. With this library preloaded, and once there is a file
   FAIL_FSYNC_WHEN, what is written to files whose path ends in FAIL_FSYNC_OF is lost, until somebody asks one
   of them to be made durable. From then on the disk works again, but each descriptor that was open is told
   once that something was lost. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DESCRIPTORS = 4096 };
static atomic_int works_again;
static atomic_int was_told[DESCRIPTORS];

static int is_meant(int fd) {
    const char *of = getenv("FAIL_FSYNC_OF");
    const char *when = getenv("FAIL_FSYNC_WHEN");
    if (!of || !when || fd < 0 || fd >= DESCRIPTORS || access(when, F_OK) != 0) {
        return 0;
    }
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    ssize_t ending = (ssize_t)strlen(of);
    return length >= ending && memcmp(path + length - ending, of, (size_t)ending) == 0;
}

static int fails(int fd) {
    if (!is_meant(fd) || atomic_exchange(&was_told[fd], 1)) {
        return 0;
    }
    atomic_store(&works_again, 1);
    return 1;
}

#define FLUSH(name)                                               \
    int name(int fd) {                                            \
        int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, #name); \
        if (fails(fd)) {                                          \
            errno = EIO;                                          \
            return -1;                                            \
        }                                                         \
        return next(fd);                                          \
    }

#define WRITE(name, offset)                                                               \
    ssize_t name(int fd, const void *bytes, size_t count, offset at) {                    \
        ssize_t (*next)(int, const void *, size_t, offset) =                              \
            (ssize_t (*)(int, const void *, size_t, offset))dlsym(RTLD_NEXT, #name);      \
        if (!atomic_load(&works_again) && is_meant(fd)) {                                 \
            return (ssize_t)count;                                                        \
        }                                                                                 \
        return next(fd, bytes, count, at);                                                \
    }

FLUSH(fsync)
FLUSH(fdatasync)
WRITE(pwrite, off_t)
WRITE(pwrite64, off64_t)
