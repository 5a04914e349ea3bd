/*
 * Makes the kernel fail, the clock step, and a disk be another, for one process: loaded with LD_PRELOAD, it stands before the C library.
 *
 *   FAULTY_SYSTEM_ORDERS   a file of numbers (`struct orders`) that a test writes while the process runs
 *   FAULTY_SYSTEM_PATH     what the paths of files begin with on which calls may fail
 *   FAULTY_SYSTEM_MOUNTS   a file that is shown in the place of /proc/self/mountinfo
 *
 * A call that is to fail is not made; errno says what the test asked for.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { WRITES = 1, SYNCS = 2, OPENS = 4, NAMES = 8 };

struct orders {
    _Atomic int64_t clock_seconds; /* how far the time of day is off */
    _Atomic int64_t number;        /* errno of the calls that fail; 0 for none */
    _Atomic int64_t calls;         /* which do: a sum of the above */
    _Atomic int64_t passing;       /* so many of them pass before */
    _Atomic int64_t failing;       /* so many fail */
    _Atomic int64_t struck;        /* so many have failed; counted here */
};

static struct orders *orders;
static const char *folder, *mounts;

__attribute__((constructor)) static void load(void) {
    const char *path = getenv("FAULTY_SYSTEM_ORDERS");
    folder = getenv("FAULTY_SYSTEM_PATH");
    mounts = getenv("FAULTY_SYSTEM_MOUNTS");
    int descriptor = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (descriptor < 0) return;
    void *bytes = mmap(NULL, sizeof(struct orders), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (bytes != MAP_FAILED) orders = bytes;
    close(descriptor);
}

#define NEXT(function) \
    static __typeof__(&function) next; \
    if (!next) next = (__typeof__(&function))dlsym(RTLD_NEXT, #function)

/* A file's companions, such as its log, count as lying below it. */
static int lies_below(const char *path) { return strncmp(path, folder, strlen(folder)) == 0; }

static int is_concerned(int descriptor) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return lies_below(path);
}

/* Whether this call is to fail; errno is set then. */
static int strikes(int call, int descriptor) {
    if (!orders || !folder || !(orders->calls & call) || orders->number == 0) return 0;
    int before = errno;
    int concerned = is_concerned(descriptor);
    errno = before;
    if (!concerned || atomic_fetch_sub(&orders->passing, 1) > 0) return 0;
    if (atomic_fetch_sub(&orders->failing, 1) <= 0) return 0;
    atomic_fetch_add(&orders->struck, 1);
    errno = (int)orders->number;
    return 1;
}

/* Bytes */

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    NEXT(pwrite);
    return strikes(WRITES, descriptor) ? -1 : next(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    NEXT(pwrite64);
    return strikes(WRITES, descriptor) ? -1 : next(descriptor, bytes, count, offset);
}

int fdatasync(int descriptor) {
    NEXT(fdatasync);
    return strikes(SYNCS, descriptor) ? -1 : next(descriptor);
}

int fsync(int descriptor) {
    NEXT(fsync);
    return strikes(SYNCS, descriptor) ? -1 : next(descriptor);
}

int ftruncate(int descriptor, off_t length) {
    NEXT(ftruncate);
    return strikes(NAMES, descriptor) ? -1 : next(descriptor, length);
}

int ftruncate64(int descriptor, off64_t length) {
    NEXT(ftruncate64);
    return strikes(NAMES, descriptor) ? -1 : next(descriptor, length);
}

/* Names */

static int changes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT; }

int openat(int directory, const char *name, int flags, ...) {
    NEXT(openat);
    va_list list;
    va_start(list, flags);
    mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    return changes(flags) && strikes(OPENS, directory) ? -1 : next(directory, name, flags, mode);
}

int openat64(int directory, const char *name, int flags, ...) {
    NEXT(openat64);
    va_list list;
    va_start(list, flags);
    mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    return changes(flags) && strikes(OPENS, directory) ? -1 : next(directory, name, flags, mode);
}

int linkat(int from, const char *name, int to, const char *new_name, int flags) {
    NEXT(linkat);
    return strikes(NAMES, from) ? -1 : next(from, name, to, new_name, flags);
}

int unlinkat(int directory, const char *name, int flags) {
    NEXT(unlinkat);
    return strikes(NAMES, directory) ? -1 : next(directory, name, flags);
}

int fchmod(int descriptor, mode_t mode) {
    NEXT(fchmod);
    return strikes(NAMES, descriptor) ? -1 : next(descriptor, mode);
}

/* A file system that answers EROFS says so when it is asked. */
int fstatvfs(int descriptor, struct statvfs *status) {
    NEXT(fstatvfs);
    int result = next(descriptor, status);
    if (result == 0 && orders && folder && orders->number == EROFS && is_concerned(descriptor))
        status->f_flag |= ST_RDONLY;
    return result;
}

/* What is mounted where */

static const char *shown(const char *name) {
    return mounts && strcmp(name, "/proc/self/mountinfo") == 0 ? mounts : name;
}

int open(const char *name, int flags, ...) {
    NEXT(open);
    va_list list;
    va_start(list, flags);
    mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    return next(shown(name), flags, mode);
}

int open64(const char *name, int flags, ...) {
    NEXT(open64);
    va_list list;
    va_start(list, flags);
    mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    return next(shown(name), flags, mode);
}

/* The time of day */

static int64_t clock_error(void) { return orders ? orders->clock_seconds : 0; }

int clock_gettime(clockid_t clock, struct timespec *time) {
    NEXT(clock_gettime);
    int result = next(clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += clock_error();
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}

/* Who waits until a time of day waits by the kernel's. */
int sem_timedwait(sem_t *semaphore, const struct timespec *until) {
    NEXT(sem_timedwait);
    struct timespec real = *until;
    real.tv_sec -= clock_error();
    return next(semaphore, &real);
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
    NEXT(pthread_cond_timedwait);
    struct timespec real = *until;
    /* Other clocks count from when the host was started, which is not fifty years ago. */
    if (real.tv_sec > 1500000000) real.tv_sec -= clock_error();
    return next(condition, mutex, &real);
}
