/* The system calls that Swift cannot express: starting a child without copying this process, and a
 * signal handler. All other system calls are made from Swift. */
#ifndef CPOSIX_H
#define CPOSIX_H

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/types.h>

typedef struct {
    const char *const *candidates; /* executables to try in order, ends with NULL */
    char *const *arguments;        /* ends with NULL */
    char *const *environment;      /* ends with NULL */
    const char *directory;         /* NULL: the parent's */
    int standard_input;
    int standard_output;
    int standard_error;
    int changes_user; /* when not 0, the four below are applied */
    uid_t user;
    gid_t group;
    const gid_t *groups;
    size_t group_count;
    int mask; /* umask, -1: the parent's */
    int announce; /* receives `g<process id>\n` before the program runs; -1: none */
    unsigned long open_files; /* soft limit of descriptors, 0: the parent's */
} cposix_spawn_request;

enum {
    CPOSIX_STEP_FORK = 1,
    CPOSIX_STEP_DESCRIPTORS,
    CPOSIX_STEP_IDENTITY,
    CPOSIX_STEP_DIRECTORY,
    CPOSIX_STEP_EXEC
};

/* Starts a child in a session and process group of its own, with three descriptors and no other,
 * default signal actions and no blocked signals. Returns its process id, or -errno with the
 * failed step in `*step`. The caller's thread waits until the child has become its program. */
pid_t cposix_spawn(const cposix_spawn_request *request, int *step);

/* Replaces this process by a program, with default signal actions and no blocked signals. Returns
 * only when that fails, with the error's number. */
int cposix_replace(const char *path, char *const *arguments, char *const *environment);

/* Returns a descriptor that becomes readable when the process ends, or -errno (-ENOSYS on kernels
 * before 5.3). */
int cposix_pidfd_open(pid_t pid);

/* Makes a pipe whose ends are closed in children: ends[0] is read, ends[1] written. Returns 0 or
 * -errno. */
int cposix_pipe(int *ends, int non_blocking);

/* Installs a handler for the signal `number`, which writes one byte (the number) to `descriptor`.
 * That must be non-blocking. Returns 0 or -errno. */
int cposix_signal_to_descriptor(int number, int descriptor);

/* Lowers the calling thread's priority below all others. */
void cposix_lower_thread_priority(void);

/* Unmaps the pages of the program's own code, which return one by one from the page cache as they
 * are run again. Most of the code that a start runs is never run again. */
void cposix_forget_startup_code(void);

/* Allocates blocks below `mapped` bytes from the heap, and keeps `kept` free bytes at its end. Does
 * nothing where the C library has no such option. */
void cposix_keep_freed_memory(int mapped, int kept);

/* Reads the figures of the file system at a path: the magic number of its type; bytes in all, free,
 * and free for users other than root; inodes in all and free. Returns 0, or the error's number. */
int cposix_disk_space(const char *path, unsigned long long figures[6]);

/* Returns all empty pages of the heap to the system; takes milliseconds, in which other threads may
 * wait for memory. Does nothing where the C library has no such call. */
void cposix_return_freed_memory(void);

/* Reads the bytes that the program holds, and the bytes that the allocator took from the system for
 * it; 0 where the allocator has no such figures. */
void cposix_memory_figures(long *used, long *taken);

/* Names a thread for ps and debuggers; cuts the name to 15 bytes. */
void cposix_thread_name(pthread_t thread, const char *name);

/* Ignores a signal. */
int cposix_signal_ignore(int number);

#endif
