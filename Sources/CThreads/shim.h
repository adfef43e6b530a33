#pragma once
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

/* Names the calling thread; the kernel keeps 15 bytes. prctl is variadic, which Swift cannot call. */
static inline void shim_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

/* Starts a thread that no signal from outside is delivered on. Those that a fault raises are its own. */
static inline int shim_start_thread(pthread_t *thread, void *(*body)(void *), void *context) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    int code = pthread_create(thread, NULL, body, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}
