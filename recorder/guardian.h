/*
 * The guardian: the process between the CLI and the target, see target.h for what it is for. It
 * runs guardian_main() in a fork of the CLI and never returns from it. It never kills by a
 * remembered id: only its own children, which cannot be reaped behind its back, until none is left;
 * the children of a killed process become its own (PR_SET_CHILD_SUBREAPER, prctl(2)).
 *
 * `link` is one end of a SOCK_SEQPACKET pair. CLI to guardian: any message, or end of file because
 * the CLI is gone, means kill everything. Guardian to CLI: struct guardian_message, each with a
 * ring of the doorbell.
 */
#ifndef RECORDER_GUARDIAN_H
#define RECORDER_GUARDIAN_H

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "formats/region.h"
#include "recorder/confine.h"

/* What a process gets from its parent beside the environment: as the recording had it. */
struct target_inherited {
	int mask;              /* umask(2), -1: as it is here */
	int64_t nofile, stack; /* soft limits, -1: none, 0: as they are here */
};

enum guardian_event {
	/* The target says so itself: what it executes may kill the guardian at once. Value: pid */
	GUARDIAN_FORKED,
	GUARDIAN_STARTED,        /* execve(2) worked; value: pid */
	GUARDIAN_EXEC_FAILED,    /* value: errno. The last message. */
	GUARDIAN_CONFINE_FAILED, /* the same */
	GUARDIAN_ENDED,          /* value: wait status of the target */
	/* value: processes that had to be killed after the target's end. The last message. */
	GUARDIAN_CLEANED,
};

struct guardian_message {
	uint32_t event;
	int32_t value;
};

struct guardian_job {
	const char *path;
	char *const *argv;
	char *const *envp;
	const sigset_t *mask;  /* of the target */
	struct region *region; /* for its doorbell */
	int link;
	int cpu; /* -1: not pinned */
	/* personality(2) of the target; as it is when the kernel refuses */
	unsigned long persona;
	unsigned grace_ms;     /* for what outlives the target */
	bool own_group;        /* the target gets a process group of its own */
	const int *stdio;      /* three descriptors that become its 0, 1, 2; NULL: as they are */
	const char *directory; /* its working directory; NULL: as it is */
	const struct target_inherited *inherited; /* NULL: all as it is */
	/*
	 * Puts the target under it: then it has no descriptors but 0, 1, 2, and the region's, which
	 * gets the number `region_number`. NULL: as it is.
	 */
	const struct confine *confine;
	int region_fd, region_number;
};

/* Requires that all signals are blocked and that the process has one thread. Allocates nothing. */
_Noreturn void guardian_main(const struct guardian_job *job);

#endif
