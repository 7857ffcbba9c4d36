#define _GNU_SOURCE
#include "short_turns.h"

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TURN_NS 100000ULL /* the least that the kernel takes (kernel/sched/syscalls.c); it gives whoever names nothing about 3 ms */

/* The first version of the structure of sched_setattr(2): the C library names it since glibc 2.41 only. */
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

void take_short_turns(void) {
#if defined(SYS_sched_getattr) && defined(SYS_sched_setattr)
    struct attributes mine = {.size = sizeof mine};
    if (syscall(SYS_sched_getattr, 0, &mine, sizeof mine, 0) != 0 || mine.policy != 0 /* SCHED_OTHER */) return;
    mine.runtime = TURN_NS;
    (void)!syscall(SYS_sched_setattr, 0, &mine, 0);
#endif
}
