/*
 * Starts a program under control: decides whether it can be controlled, starts the guardian and
 * through it the program with the runtime library preloaded, and tells how it ended. It knows
 * nothing of schedules, and does not read the region.
 *
 * The guardian is our child and the target's parent. It is a child subreaper, so everything that
 * the target starts stays below it, and it ends all of that when the target has ended, when it is
 * told to (target_kill) or when this process is gone, however it died. Guardian and target stay in
 * our process group: terminal signals and job control work as without us.
 *
 *	struct target *target = target_new(&config, &err);	finds and inspects, starts nothing
 *	rc = target_start(target, region, &err);
 *	while (!target_poll(target, &report))
 *		...
 *	target_free(target);			kills what is left, waits for the guardian
 */
#ifndef RECORDER_TARGET_H
#define RECORDER_TARGET_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "formats/err.h"
#include "formats/plan.h"
#include "recorder/elf.h"
#include "recorder/region.h"

/* Codes of struct err beside errno. */
enum target_err {
	TARGET_ERR_NOT_FOUND = ERR_MODULE + 640, /* exit status 127 */
	TARGET_ERR_NOT_EXECUTABLE,               /* 126 */
	/* exists and runs, but cannot be controlled: 125 */
	TARGET_ERR_REFUSED,
	TARGET_ERR_LIBRARY, /* libfrontrun.so is not where it should be: 125 */
	TARGET_ERR_CONFINE, /* it cannot be run confined here: 125 */
};

#define TARGET_ORPHAN_GRACE_MS 200 /* what outlives the target has so long to end by itself */

struct confine;
struct target_inherited;

struct target_config {
	char *const *argv;   /* argv[0] is looked up along PATH */
	const char *program; /* executed instead of what argv[0] names; NULL: that */
	char *const *envp;   /* NULL: environ of this process */
	bool keep_affinity;  /* do not pin to one CPU */
	bool keep_addresses; /* leave address randomisation on */
	/* on this one of the CPUs, counted from the last; those that do not exist wrap around */
	unsigned cpu_index;
	bool own_group; /* a process group of its own: signals of the terminal do not reach it */
	/* descriptors of this process that become 0, 1 and 2, when `redirect` is set */
	bool redirect;
	int stdio[3];
	const char *directory;                    /* working directory; NULL: this process's */
	const struct target_inherited *inherited; /* guardian.h; NULL: all as this process has it */
	const struct confine *confine;            /* what it runs under; NULL: nothing */
	/* absolute path; NULL: libfrontrun.so beside the CLI, else in FRONTRUN_LIBDIR */
	const char *library;
	/* directories that come before those of LD_LIBRARY_PATH; the program does not see them */
	const char *library_path; /* NULL or "": none */
};

struct target;

/*
 * Finds argv[0], inspects it and what its `#!` lines name, and finds the runtime library. Returns
 * NULL with `err` set (one sentence with the remedy). `config` and what it points to must outlive
 * the target.
 */
struct target *target_new(const struct target_config *config, struct err *err);

/* Ends everything that target_start() started and waits for it, then frees. NULL is allowed. */
void target_free(struct target *target);

const char *target_path(const struct target *target); /* what is executed */
const struct elf_info *target_elf(const struct target *target);
const char *target_library(const struct target *target); /* absolute path of libfrontrun.so */

/*
 * What the runtime must know to undo the preparations, for PLAN_ENVIRONMENT. malloc'ed; `*length`
 * is the length of the section. Never NULL.
 */
struct plan_environment *target_environment(const struct target *target, uint32_t *length);

/*
 * Starts the guardian and the target. Returns 0 when the target is executing; else -code with `err`
 * set and nothing is left running. The region's plan must be complete. The target gets the signal
 * mask `mask` and this process's dispositions, as execve(2) leaves them. Blocks until execve(2) is
 * done.
 */
int target_start(struct target *target, const struct region_handle *region, const sigset_t *mask,
		 struct err *err);

/*
 * Moves the calling thread to the target's CPU (`join`), or to the others. On the same CPU a
 * hand-over between the two is a switch and no more; another one has to be woken. Returns false
 * where the target is not pinned, or there are no others. Any thread may ask, for itself.
 */
bool target_join_cpu(const struct target *target, bool join);

pid_t target_pid(const struct target *target); /* of the program; 0 when not started */

/*
 * SIGKILL to the target and everything below it. Returns at once; target_poll() tells when it is
 * done. May be called from a signal handler, and more than once.
 */
void target_kill(struct target *target);

struct target_report {
	bool ended;         /* the target has ended: `wait_status` is valid */
	int wait_status;    /* as of waitpid(2) */
	bool cleaned;       /* nothing below the guardian is left (or it is lost itself) */
	unsigned orphans;   /* processes that outlived the target and were killed */
	bool guardian_lost; /* the guardian died: `wait_status` may be missing */
};

/* Never blocks. Returns true when the target has ended and nothing of it is left. */
bool target_poll(struct target *target, struct target_report *report);

#endif
