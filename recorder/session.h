/*
 * One controlled run of a program, as record, replay and fuzz all need it: starts the target,
 * drains the ring into a sink, serves the mailbox, watches over progress, notices the end, and says
 * how it ended. It prints nothing, and it does not know traces.
 *
 *	struct session *session = session_new(&config, &hooks, &err);	nothing runs yet
 *	write the header: session_elf(), session_config(), ...
 *	rc = session_run(session, &sink, self, &result, &err);		blocks until all is over
 *	...
 *	session_free(session);
 *
 * The fork server (server.h) drives a session by itself: session_start(), session_plan().
 *
 * Signals: during session_run() SIGQUIT is ignored, the first SIGINT is left to the target (it is
 * in our process group), a second SIGINT, and SIGTERM and SIGHUP at once, kill the target;
 * dispositions are put back at the end. One session at a time in a process.
 */
#ifndef RECORDER_SESSION_H
#define RECORDER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/err.h"
#include "formats/plan.h"
#include "formats/region.h"
#include "recorder/drain.h"
#include "recorder/elf.h"
#include "recorder/target.h"

struct session;

/* A section of the plan that the session itself does not know. */
struct session_section {
	enum plan_type type;
	const void *payload;
	uint32_t length; /* bytes */
};

struct session_config {
	struct target_config target;
	struct plan_run run; /* session_run_defaults() fills it for a recording */
	struct plan_strategy strategy;
	const struct plan_stop *stop; /* NULL: do not pause */
	bool no_trap;                 /* without the system call filter */
	double time_limit;            /* real seconds for the whole run, 0: none */
	/* real seconds without an operation before the running lane is interrupted; 0: never */
	double preempt_after;
	/* PLAN_CODE_PATTERNS: `code_patterns_length` bytes; NULL: none */
	const char *code_patterns;
	uint32_t code_patterns_length;
	double used_limit; /* seconds that the run may use, watchdog_used(); 0: any */
	double hang_after; /* seconds without an operation that end the run, watchdog.h; 0: none */
	const struct session_section *sections; /* further ones for the plan; version 1, optional */
	unsigned section_count;
	/* Ctrl-C and its like are the caller's business, who calls session_kill() in the end. */
	bool signals_elsewhere;
	/* Asked now and then: true ends the run. NULL: never. */
	bool (*interrupted)(void *self);
	void *interrupted_self;
	bool busy; /* no CPU is free for this process while the target runs */
};

/*
 * All members may be NULL. They are called from session_new() and session_run() only, with `self`.
 */
struct session_hooks {
	void *self;
	/*
	 * The next forced decisions, in order, at most `max`: returns how many were stored, and
	 * sets `*more` when others follow. Called before the start, and each time the target has
	 * used up what it was given. NULL: no PLAN_PREFIX section.
	 */
	uint32_t (*decisions)(void *self, struct plan_decision *out, uint32_t max, bool *more);
	/*
	 * PAUSED, CAMPAIGN_*, RUN_BEGIN, INTERN: returns the answer (0: go on). The watchdog and
	 * the time limit stand still meanwhile. NULL: 0 is answered. HELLO, PLAN_REQUEST and
	 * RUN_END are the session's own business; after RUN_END the target is killed.
	 */
	int32_t (*mailbox)(void *self, struct session *session,
			   const struct region_mailbox *request);
	/*
	 * A remark of the watchdog or the guardian, for the trace and for people; `kind` is a word
	 * for programs.
	 */
	void (*note)(void *self, const char *kind, const char *text);
	/* Each turn of the loop, about every 10 ms or more often. */
	void (*tick)(void *self, struct session *session);
};

struct session_result {
	/* NONE: the runtime could not say and the wait status is unknown */
	enum verdict_kind verdict;
	int status;                     /* exit status, or signal number for VERDICT_SIGNAL */
	int wait_status;                /* of the program, as of waitpid(2); -1: unknown */
	enum boot_code boot;            /* other than BOOT_OK: the runtime did not come up ... */
	char boot_detail[256];          /* ... because of this */
	bool time_limit;                /* killed by time_limit, used_limit or hang_after */
	int interrupted;                /* killed because of this signal to us, 0: not */
	unsigned orphans;               /* processes that outlived the program and were killed */
	double seconds;                 /* real time of the run */
	uint64_t events, decisions;     /* that went through the sink */
	uint64_t switches;              /* summed over the images */
	uint32_t trapped[REGION_CALLS]; /* that came through the trap layer, by system call */
	/* of the last image; images before it are mixed in, see session.c */
	uint64_t order_hash, hb_hash;
	int64_t virtual_ns;            /* of the last image */
	struct region_failure failure; /* checked copy */
	char stderr_tail[REGION_STDERR_BYTES];
	size_t stderr_length;
};

/*
 * Values of plan_run for a recording: virtual time from now, logical pids, the CPUs of this
 * machine, a seed for the target's own randomness, an hour of idle waiting, and standard streams
 * that look like those of this process.
 */
void session_run_defaults(struct plan_run *run);

/*
 * Finds and inspects the program, makes region, filter and plan. NULL with `err` set, codes as of
 * target.h. `config`, `hooks` and what they point to must outlive the session.
 */
struct session *session_new(const struct session_config *config, const struct session_hooks *hooks,
			    struct err *err);
void session_free(struct session *session);

const struct session_config *session_config(const struct session *session);
struct target *session_target(struct session *session);
const struct elf_info *session_elf(const struct session *session);
struct region *session_region(struct session *session);
/* randomisation could be switched off */
bool session_addresses_fixed(const struct session *session);

/*
 * Runs the target to its end. `result` is filled in every case. Returns 0 when the run was recorded
 * to its end, however it ended; else -code with `err`: the target could not be started, the region
 * is corrupt, or the sink refused (its own code): then the target was killed. After it nothing of
 * the target is left running, and the ring is empty.
 */
int session_run(struct session *session, const struct drain_sink *sink, void *self,
		struct session_result *result, struct err *err);

/*
 * Writes the plan anew, from what `config` says now and the hooks' next decisions: only while the
 * target stands still. 0, or -ENOSPC with `err`.
 */
int session_plan(struct session *session, struct err *err);

/* Starts the target without waiting for anything, as target_start(); instead of session_run(). */
int session_start(struct session *session, const sigset_t *mask, struct err *err);

/* Ends session_run() early: kills the target. From hooks and sinks. */
void session_kill(struct session *session);

#endif
