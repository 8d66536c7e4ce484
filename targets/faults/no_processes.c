/*
 * No more processes: the limit of its user's processes (RLIMIT_NPROC) is used up
 * when the server wants to fork. Root has no such limit, so that root becomes a user
 * who has no other process first, and keeps the right to attach its segments.
 * SIGUSR1 lifts the limit.
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void become_nobody(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {0};
    /* A container may have no more than 65,536 users. */
    const uid_t user = 2000 + (uid_t)getpid() % 60000;
    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    if (setresuid(user, user, user) != 0) _exit(2);
    syscall(SYS_capget, &header, data);
    data[0].permitted &= ~(1u << CAP_SYS_RESOURCE | 1u << CAP_SYS_ADMIN);
    data[0].effective = data[0].permitted;
    data[1].effective = data[1].permitted;
    if (syscall(SYS_capset, &header, data) != 0) _exit(3);
    /* Changing the user has undone this. */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

static void lift(int signal) {
    struct rlimit limit;
    (void)signal;
    getrlimit(RLIMIT_NPROC, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NPROC, &limit);
}

__attribute__((constructor)) static void before_main(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NPROC, &limit);
    limit.rlim_cur = 0;
    signal(SIGUSR1, lift);
    if (geteuid() == 0) become_nobody();
    if (setrlimit(RLIMIT_NPROC, &limit) != 0) _exit(4);
}

int main(void) { return 0; }
