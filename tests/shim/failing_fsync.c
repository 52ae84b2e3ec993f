/* A disk that fails: with this library preloaded, and once there is a file FAIL_FSYNC_WHEN, whatever makes a
   file durable whose path ends in FAIL_FSYNC_OF reports that it could not. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int has_failed(int fd) {
    const char *of = getenv("FAIL_FSYNC_OF");
    const char *when = getenv("FAIL_FSYNC_WHEN");
    if (!of || !when || access(when, F_OK) != 0) {
        return 0;
    }
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    ssize_t ending = (ssize_t)strlen(of);
    return length >= ending && memcmp(path + length - ending, of, (size_t)ending) == 0;
}

#define FAILING(name)                                        \
    int name(int fd) {                                       \
        int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, #name); \
        if (has_failed(fd)) {                                \
            errno = EIO;                                     \
            return -1;                                       \
        }                                                    \
        return next(fd);                                     \
    }

FAILING(fsync)
FAILING(fdatasync)
