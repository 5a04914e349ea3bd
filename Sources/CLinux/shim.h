#pragma once
#include <linux/fs.h>
#include <malloc.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// What the C library shows only to programs that ask for its GNU extensions, which Swift's own view of it does not.

/// memfd_create(2) with MFD_CLOEXEC.
static inline int clinux_memory_file(const char *name) {
    return (int)syscall(SYS_memfd_create, name, 1U);
}

/// Closes `first` and every descriptor above it in the child (posix_spawn_file_actions_addclosefrom_np(3)).
static inline int clinux_close_from(posix_spawn_file_actions_t *actions, int first) {
    extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

/// Shares the blocks of a range of `source` with the same range of `target` (ioctl_ficlonerange(2)).
static inline int clinux_clone_range(int target, int source, off_t offset, off_t length) {
    struct file_clone_range range = {source, (__u64)offset, (__u64)length, (__u64)offset};
    return ioctl(target, FICLONERANGE, &range);
}

/// Copies a range of `source` to the same range of `target` within the kernel (copy_file_range(2)).
static inline long clinux_copy_range(int target, int source, off_t offset, long length) {
    off_t from = offset, to = offset;
    return syscall(SYS_copy_file_range, source, &from, target, &to, (size_t)length, 0U);
}
