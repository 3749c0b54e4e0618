/* What keeps a process's memory to itself, where C is needed for it. */
#pragma once

#include <stdbool.h>
#include <sys/prctl.h>

/* prctl is variadic, which Swift cannot call. */
static inline int jeton_set_dumpable(int is_dumpable) { return prctl(PR_SET_DUMPABLE, is_dumpable, 0, 0, 0); }
static inline int jeton_get_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }

/* Whether `free` in this process is the one of free.c. */
bool jeton_wipes_freed_memory(void);
