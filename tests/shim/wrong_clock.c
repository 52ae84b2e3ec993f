/* A clock that is wrong: with this library preloaded, the time of day is off by the milliseconds that the file
   CLOCK_OFFSET_FILE holds at that moment. What only measures how time passes is as it is. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long offset_millis(void) {
    const char *path = getenv("CLOCK_OFFSET_FILE");
    int before = errno;
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    char text[32] = {0};
    long long millis = 0;
    if (fd >= 0) {
        if (read(fd, text, sizeof text - 1) > 0) {
            millis = atoll(text);
        }
        close(fd);
    }
    errno = before;
    return millis;
}

int clock_gettime(clockid_t id, struct timespec *now) {
    int (*next)(clockid_t, struct timespec *) =
        (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int done = next(id, now);
    if (done == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        long long nanos = now->tv_nsec + offset_millis() % 1000 * 1000000;
        now->tv_sec += offset_millis() / 1000 + (nanos < 0 ? -1 : nanos / 1000000000);
        now->tv_nsec = (nanos + 1000000000) % 1000000000;
    }
    return done;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    int done = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return done;
}

time_t time(time_t *seconds) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (seconds) {
        *seconds = exact.tv_sec;
    }
    return exact.tv_sec;
}
