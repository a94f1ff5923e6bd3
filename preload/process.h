/*
 * The process as a whole: identity, CPUs, forked children.
 *
 * The program knows process and threads by ids of its own (PLAN_RUN_LOGICAL_PIDS): the same in each
 * run of a schedule. Where it gives them to the kernel they are translated, and back.
 */
#ifndef PRELOAD_PROCESS_H
#define PRELOAD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "preload/lane.h"

/* Registers what forked children need. Once, from the constructor. */
void process_init(void);

/* The same in an image that runs in a child of the program. */
void process_init_child(void);

/* The pid that the program knows itself by: of the recording in a replay, else the kernel's. */
pid_t process_pid(void);

/* The parent's pid as the program knows it. */
pid_t process_parent(void);

/* The id of a lane's thread that the program knows: counted from the pid, the first thread's. */
pid_t process_tid(const struct lane *lane);

/* The living lane that the program knows by this id, else NULL. */
struct lane *process_lane(pid_t tid);

/*
 * The kernel's pid for one that the program knows; others are unchanged. Also in forked children.
 */
pid_t process_real_pid(pid_t pid);

/* The same for an id of a thread or of a process. */
pid_t process_real_tid(pid_t tid);

/* Back: what the program knows a pid by that the kernel has given. */
pid_t process_shown_pid(pid_t pid);

/* "/proc/PID/..." and ".../task/TID/..." with the kernel's ids: `path` itself or `space`. */
#define PROCESS_PATH 256
const char *process_real_path(const char *path, char space[PROCESS_PATH]);

/* While a child is made: the CPUs that the program was started with, instead of our one. */
void process_unpin(void);
void process_pin(void);

#endif
