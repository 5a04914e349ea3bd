#pragma once
#include <spawn.h>
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
