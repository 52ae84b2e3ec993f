/* A disk that takes its time: with this library preloaded, whatever makes a file durable takes
   SLOW_FSYNC_US microseconds longer, as on disks whose cache is not their host's memory. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <sys/types.h>

static void wait_for_the_disk(void) {
    const char *text = getenv("SLOW_FSYNC_US");
    long micros = text ? atol(text) : 0;
    struct timespec left = {micros / 1000000, micros % 1000000 * 1000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

#define SLOW(name, parameters, ...)                                        \
    int name parameters {                                                  \
        int (*next) parameters = (int (*) parameters)dlsym(RTLD_NEXT, #name); \
        wait_for_the_disk();                                               \
        return next(__VA_ARGS__);                                          \
    }

SLOW(fsync, (int fd), fd)
SLOW(fdatasync, (int fd), fd)
SLOW(sync_file_range, (int fd, off_t from, off_t count, unsigned flags), fd, from, count, flags)
SLOW(msync, (void *start, size_t size, int flags), start, size, flags)
