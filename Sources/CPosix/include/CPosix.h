/* What Swift cannot say by itself: starting a child without copying this process, and a signal
 * handler. Everything else of the system is called from Swift. */
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
    int announce; /* told `g<process id>\n` before the program runs; -1: nobody */
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
 * default signal actions and no blocked signals. Returns its process id, or -errno with `*step`
 * saying where it failed. The caller's thread waits until the child has become its program. */
pid_t cposix_spawn(const cposix_spawn_request *request, int *step);

/* Replaces this process by a program, with default signal actions and no blocked signals. Returns
 * only when that fails, with the error's number. */
int cposix_replace(const char *path, char *const *arguments, char *const *environment);

/* A descriptor that becomes readable when the process ends, or -errno (-ENOSYS on kernels
 * before 5.3). */
int cposix_pidfd_open(pid_t pid);

/* A pipe whose ends are closed in children: ends[0] is read, ends[1] written. 0 or -errno. */
int cposix_pipe(int *ends, int non_blocking);

/* From now on each signal `number` writes one byte (its number) to `descriptor`, which must be
 * non-blocking. Returns 0 or -errno. */
int cposix_signal_to_descriptor(int number, int descriptor);

/* The calling thread lets all others go first. */
void cposix_lower_thread_priority(void);

/* Unmaps the pages of the program's own code, which come back one by one as they are run again, from
 * the page cache. Starting runs much that is never run again. */
void cposix_forget_startup_code(void);

/* Blocks below `mapped` bytes come from the heap, of which `kept` bytes at the end are not given
 * back. Does nothing where the C library cannot. */
void cposix_keep_freed_memory(int mapped, int kept);

/* Of the file system at a path: the magic number of its kind, bytes in all, free, and free for those
   who are not root, inodes in all and free. 0, or the error's number. */
int cposix_disk_space(const char *path, unsigned long long figures[6]);

/* Gives all pages of the heap that hold nothing back to the system; takes milliseconds, in which other
   threads may wait for memory. Does nothing where the C library cannot. */
void cposix_return_freed_memory(void);

/* Bytes that the program holds, and bytes that the allocator took from the system for it; 0 where the
   allocator does not say. */
void cposix_memory_figures(long *used, long *taken);

/* Shown by ps and debuggers; cut to 15 bytes. */
void cposix_thread_name(pthread_t thread, const char *name);

/* Ignores a signal. */
int cposix_signal_ignore(int number);

#endif
