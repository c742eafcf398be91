/// What Linux lets a thread ask for itself and Glibc does not give to Swift: these are variadic or behind
/// _GNU_SOURCE. Each returns -1 if it is refused.
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Cores by number, a bit each.
struct cthread_cores {
    unsigned long bits[16];
};

static inline int cthread_core(void) {
    unsigned core;
    return syscall(SYS_getcpu, &core, 0, 0) == 0 ? (int)core : -1;
}

static inline int cthread_read_cores(struct cthread_cores *cores) {
    return syscall(SYS_sched_getaffinity, 0, sizeof *cores, cores) < 0 ? -1 : 0;
}

static inline int cthread_keep_on(const struct cthread_cores *cores) {
    return (int)syscall(SYS_sched_setaffinity, 0, sizeof *cores, cores);
}

/// Nanoseconds by which the kernel may wake the thread late.
static inline int cthread_slack(void) { return prctl(PR_GET_TIMERSLACK); }
static inline int cthread_set_slack(int nanoseconds) {
    return prctl(PR_SET_TIMERSLACK, (unsigned long)nanoseconds);
}

/// How the thread is scheduled: sched_setattr(2), the first version of its structure.
struct cthread_schedule {
    unsigned size;
    unsigned policy;
    unsigned long long flags;
    int nice;
    unsigned priority;
    unsigned long long runtime, deadline, period;
};

static inline int cthread_read_schedule(struct cthread_schedule *schedule) {
    return (int)syscall(SYS_sched_getattr, 0, schedule, sizeof *schedule, 0);
}
static inline int cthread_set_schedule(struct cthread_schedule *schedule) {
    schedule->size = sizeof *schedule;
    return (int)syscall(SYS_sched_setattr, 0, schedule, 0);
}
