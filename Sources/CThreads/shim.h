#pragma once
#include <sys/prctl.h>

/* Names the calling thread; the kernel keeps 15 bytes. prctl is variadic, which Swift cannot call. */
static inline void shim_name_thread(const char *name) { prctl(PR_SET_NAME, name); }
