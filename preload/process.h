/*
 * The process as a whole: identity, CPUs, forked children.
 */
#ifndef PRELOAD_PROCESS_H
#define PRELOAD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Registers what forked children need. Once, from the constructor. */
void process_init(void);

/* The pid that the program knows itself by: of the recording in a replay, else the kernel's. */
pid_t process_pid(void);

/* The kernel's pid for one that the program knows; others are unchanged. */
pid_t process_real_pid(pid_t pid);

/* While a child is made: the CPUs that the program was started with, instead of our one. */
void process_unpin(void);
void process_pin(void);

#endif
