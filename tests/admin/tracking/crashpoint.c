/* Preloaded into a process, counts what it does to files, and at a chosen count ends it or
 * lets the disk be full from there on. SQLite's calls are counted, too, and Python's own. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { OFF, KILL_BEFORE, KILL_WITHIN, DISK_FULL };

static atomic_long seen;
static long wanted;
static int mode = OFF;

/* Begins to count; at the n-th change of a file, `how` happens. */
void crashpoint_arm(long n, int how)
{
    seen = 0;
    wanted = n;
    mode = how;
}

/* Stops to count, and tells how many changes there were. */
long crashpoint_disarm(void)
{
    mode = OFF;
    return seen;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Counts one change; tells whether it is to fail for want of space. */
static int full(int takes_space)
{
    long n;

    if (mode == OFF)
        return 0;
    n = atomic_fetch_add(&seen, 1) + 1;
    if (mode != DISK_FULL) {
        if (n == wanted)
            die();
        return 0;
    }
    if (n < wanted || !takes_space)
        return 0;
    errno = ENOSPC;
    return 1;
}

static int is_file(int fd)
{
    struct stat found;

    return mode != OFF && fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

/* A write that is cut off in its middle. */
static int is_cut(int fd)
{
    return mode == KILL_WITHIN && is_file(fd) && seen + 1 == wanted;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size)
{
    if (is_cut(fd)) {
        REAL(write)(fd, data, size / 2);
        die();
    }
    if (is_file(fd) && full(1))
        return -1;
    return REAL(write)(fd, data, size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    if (is_cut(fd)) {
        REAL(pwrite64)(fd, data, size / 2, at);
        die();
    }
    if (is_file(fd) && full(1))
        return -1;
    return REAL(pwrite64)(fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    return pwrite64(fd, data, size, at);
}

ssize_t sendfile64(int to, int from, off64_t *at, size_t size)
{
    if (is_file(to) && full(1))
        return -1;
    return REAL(sendfile64)(to, from, at, size);
}

ssize_t sendfile(int to, int from, off_t *at, size_t size)
{
    return sendfile64(to, from, at, size);
}

int mkdir(const char *path, mode_t bits)
{
    return full(1) ? -1 : REAL(mkdir)(path, bits);
}

#define COUNTED(type, name, parameters, ...)                                                     \
    type name parameters                                                                         \
    {                                                                                            \
        full(0);                                                                                 \
        return REAL(name)(__VA_ARGS__);                                                          \
    }

COUNTED(int, fsync, (int fd), fd)
COUNTED(int, fdatasync, (int fd), fd)
COUNTED(int, ftruncate64, (int fd, off64_t size), fd, size)
COUNTED(int, rename, (const char *from, const char *to), from, to)
COUNTED(int, renameat, (int a, const char *from, int b, const char *to), a, from, b, to)
COUNTED(int, unlink, (const char *path), path)
COUNTED(int, unlinkat, (int folder, const char *path, int flags), folder, path, flags)
COUNTED(int, rmdir, (const char *path), path)
