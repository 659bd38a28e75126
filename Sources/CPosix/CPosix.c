#define _GNU_SOURCE
#include <link.h>
#include <sys/vfs.h>
#include <sys/mman.h>
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* The signals whose default action a child restores: those that some library caught before the first
 * child was started, and those that this program caught or ignored since. Querying each of 64
 * signals in every child would delay its program. */
static volatile char is_changed[NSIG];
static pthread_once_t changes_known = PTHREAD_ONCE_INIT;

static void find_changes(void) {
    struct sigaction action;
    for (int number = 1; number < NSIG; number++) {
        if (number == SIGKILL || number == SIGSTOP) continue;
        if (sigaction(number, NULL, &action) != 0) continue;
        if (action.sa_handler != SIG_DFL) is_changed[number] = 1;
    }
}

/* Writes the child's group, so that its reader has the number before the program runs. */
static void announce(int descriptor) {
    char line[16];
    size_t at = sizeof line;
    line[--at] = '\n';
    for (pid_t left = getpid(); left > 0; left /= 10) line[--at] = (char)('0' + left % 10);
    line[--at] = 'g';
    ssize_t ignored = write(descriptor, line + at, sizeof line - at);
    (void)ignored;
}

/* Restores the default action of each signal that this program handles, and of SIGPIPE. */
static void restore_signal_actions(void) {
    struct sigaction action;

    for (int number = 1; number < NSIG; number++) {
        if (!is_changed[number] || sigaction(number, NULL, &action) != 0) continue;
        if (action.sa_handler == SIG_DFL) continue;
        if (action.sa_handler == SIG_IGN && number != SIGPIPE) continue;
        action.sa_handler = SIG_DFL;
        action.sa_flags = 0;
        sigemptyset(&action.sa_mask);
        sigaction(number, &action, NULL);
    }
}

int cposix_replace(const char *path, char *const *arguments, char *const *environment) {
    sigset_t none;

    pthread_once(&changes_known, find_changes);
    restore_signal_actions();
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    execve(path, arguments, environment);
    return errno;
}

/* The child shares the parent's memory until it becomes its program, so that nothing is copied
 * however large the parent is. It may call only the kernel and must not return: hence the raw
 * calls for the identity (the library's would signal every thread of the parent). */
static void become(const cposix_spawn_request *r, volatile int *step, volatile int *error) {
    sigset_t none;

    *step = CPOSIX_STEP_FORK;
    restore_signal_actions();
    if (setsid() < 0) goto failed;

    *step = CPOSIX_STEP_DESCRIPTORS;
    int from[3] = {r->standard_input, r->standard_output, r->standard_error};
    for (int i = 0; i < 3; i++) {
        from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 3);
        if (from[i] < 0) goto failed;
    }
    for (int i = 0; i < 3; i++) {
        if (dup2(from[i], i) < 0) goto failed;
    }
    if (r->announce >= 0) announce(r->announce);
    syscall(SYS_close_range, 3u, ~0u, 0u); /* older kernels: all are close-on-exec */

    if (r->open_files > 0) {
        struct rlimit limit;
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
            limit.rlim_cur = r->open_files < limit.rlim_max ? r->open_files : limit.rlim_max;
            setrlimit(RLIMIT_NOFILE, &limit);
        }
    }

    *step = CPOSIX_STEP_IDENTITY;
    if (r->mask >= 0) umask((mode_t)r->mask);
    if (r->changes_user) {
        if (syscall(SYS_setgroups, r->group_count, r->groups) != 0) goto failed;
        if (syscall(SYS_setresgid, r->group, r->group, r->group) != 0) goto failed;
        if (syscall(SYS_setresuid, r->user, r->user, r->user) != 0) goto failed;
    }

    *step = CPOSIX_STEP_DIRECTORY;
    if (r->directory && chdir(r->directory) != 0) goto failed;

    *step = CPOSIX_STEP_EXEC;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int worst = ENOENT;
    for (const char *const *path = r->candidates; *path; path++) {
        execve(*path, r->arguments, r->environment);
        if (errno == EACCES) worst = EACCES;
        if (errno != ENOENT && errno != EACCES && errno != ENOTDIR) {
            worst = errno;
            break;
        }
    }
    errno = worst;
failed:
    *error = errno;
    _exit(127);
}

pid_t cposix_spawn(const cposix_spawn_request *request, int *step) {
    volatile int failed_step = CPOSIX_STEP_FORK;
    volatile int error = 0;
    sigset_t all, before;

    pthread_once(&changes_known, find_changes);
    /* No handler may run in the child while it shares the parent's memory. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = vfork();
    if (pid == 0) become(request, &failed_step, &error);
    int fork_error = pid < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    *step = failed_step;
    if (pid < 0) return -fork_error;
    if (error != 0) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
        return -error;
    }
    return pid;
}

int cposix_pidfd_open(pid_t pid) {
    int descriptor = (int)syscall(SYS_pidfd_open, pid, 0);
    return descriptor < 0 ? -errno : descriptor;
}

int cposix_pipe(int *ends, int non_blocking) {
    return pipe2(ends, O_CLOEXEC | (non_blocking ? O_NONBLOCK : 0)) == 0 ? 0 : -errno;
}

static volatile int signal_descriptor[NSIG];

static void write_number(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t ignored = write(signal_descriptor[number], &byte, 1);
    (void)ignored;
    errno = saved;
}

int cposix_signal_to_descriptor(int number, int descriptor) {
    if (number < 1 || number >= NSIG) return -EINVAL;
    signal_descriptor[number] = descriptor;
    is_changed[number] = 1;
    struct sigaction action = {0};
    action.sa_handler = write_number;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    return sigaction(number, &action, NULL) == 0 ? 0 : -errno;
}

int cposix_signal_ignore(int number) {
    if (number < 1 || number >= NSIG) return -EINVAL;
    is_changed[number] = 1;
    struct sigaction action = {0};
    action.sa_handler = SIG_IGN;
    return sigaction(number, &action, NULL) == 0 ? 0 : -errno;
}

void cposix_keep_freed_memory(int mapped, int kept) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, mapped);
    mallopt(M_TRIM_THRESHOLD, kept);
#else
    (void)mapped;
    (void)kept;
#endif
}

void cposix_return_freed_memory(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

int cposix_disk_space(const char *path, unsigned long long figures[6]) {
    struct statfs status;
    if (statfs(path, &status) != 0) return errno;
    unsigned long long size = (unsigned long long)status.f_bsize;
    figures[0] = (unsigned long long)(unsigned int)status.f_type;
    figures[1] = status.f_blocks * size;
    figures[2] = status.f_bfree * size;
    figures[3] = status.f_bavail * size;
    figures[4] = status.f_files;
    figures[5] = status.f_ffree;
    return 0;
}

void cposix_memory_figures(long *used, long *taken) {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 info = mallinfo2();
    *used = (long)(info.uordblks + info.hblkhd);
    *taken = (long)(info.arena + info.hblkhd);
#else
    *used = 0;
    *taken = 0;
#endif
}

/* The first object is the program itself. Its code segments contain no written data. */
static int forget_code(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size;
    (void)unused;
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || part->p_flags != (PF_R | PF_X)) continue;
        uintptr_t start = (info->dlpi_addr + part->p_vaddr + page - 1) & ~(page - 1);
        uintptr_t end = (info->dlpi_addr + part->p_vaddr + part->p_memsz) & ~(page - 1);
        if (end > start) madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 1;
}

/* On Linux the priority is per thread, and 0 is the caller. */
void cposix_lower_thread_priority(void) { setpriority(PRIO_PROCESS, 0, 10); }

void cposix_forget_startup_code(void) { dl_iterate_phdr(forget_code, NULL); }

void cposix_thread_name(pthread_t thread, const char *name) { pthread_setname_np(thread, name); }

