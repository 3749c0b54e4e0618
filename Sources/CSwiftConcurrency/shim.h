/* What decides where Swift's tasks run, as stdlib/public/Concurrency in the sources of the compiler has it. */
#pragma once

#include <stddef.h>

#define JETON_SWIFT __attribute__((swiftcall))
#define JETON_SET_ONCE __attribute__((swift_attr("nonisolated(unsafe)")))

typedef struct _Job *JobRef;

/* Asked, where it is set, about each job that has no executor of its own. */
typedef JETON_SWIFT void (*swift_task_enqueueGlobal_original)(JobRef _Nonnull job);
extern JETON_SET_ONCE JETON_SWIFT void (*_Nullable swift_task_enqueueGlobal_hook)(
    JobRef _Nonnull job, swift_task_enqueueGlobal_original _Nonnull original);

typedef struct { void *_Nullable identity; size_t implementation; } SerialExecutorRef;
extern JETON_SWIFT void swift_job_run(JobRef _Nonnull job, SerialExecutorRef executor);

/* Runs a job as libdispatch's threads do: from there it goes on to any actor without another turn. */
static inline void jeton_run(JobRef _Nonnull job) { swift_job_run(job, (SerialExecutorRef){NULL, 0}); }
