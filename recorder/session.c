/*
 * The run loop, see session.h.
 */
#include "recorder/session.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "formats/hash.h"
#include "recorder/alloc.h"
#include "recorder/filter.h"
#include "recorder/region.h"
#include "recorder/streams.h"
#include "recorder/watchdog.h"

#define IDLE_MS 10         /* the loop turns at least so often */
#define PREFIX_PART 65536u /* forced decisions given to the target at once */
#define CLEAN_SECONDS 10   /* what survives SIGKILL for so long is not waited for */
/*
 * Default of plan_run.idle_wait_ns: an hour. While a recording waits for the outside, its clock
 * goes at most as fast as ours, or a client would give up on a server that is merely slow.
 */
#define IDLE_WAIT_NS 3600000000000ll

struct session {
	const struct session_config *config;
	const struct session_hooks *hooks;
	struct target *target;
	struct region_handle region;
	struct plan_environment *environment;
	uint32_t environment_bytes;
	struct sock_filter *filter, *child_filter;
	size_t filter_count, child_filter_count;
	struct watchdog *watchdog;
	double started, paused; /* seconds of the monotonic clock */
	bool booted; /* the runtime has said so once: what it writes there later is not believed */
	bool killed;
	double killed_at;
};

static volatile sig_atomic_t interrupts;
static volatile sig_atomic_t termination;

static void on_signal(int number)
{
	if (number == SIGINT)
		interrupts++;
	else
		termination = number;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void session_run_defaults(struct plan_run *run)
{
	cpu_set_t cpus;
	int i;

	memset(run, 0, sizeof(*run));
	run->flags = PLAN_RUN_VIRTUAL_TIME | PLAN_RUN_LOGICAL_PIDS | PLAN_RUN_VALUES |
		     PLAN_RUN_LIBRARY_LOCKS | PLAN_RUN_RACES;
	run->cpus = sched_getaffinity(0, sizeof(cpus), &cpus) ? 1 : (uint32_t)CPU_COUNT(&cpus);
	/* Without random numbers of the kernel region_create() fails, and says so. */
	if (getrandom(&run->random_seed, sizeof(run->random_seed), GRND_NONBLOCK) < 0)
		run->random_seed = (uint64_t)clock_ns(CLOCK_REALTIME);
	run->realtime_ns = clock_ns(CLOCK_REALTIME);
	run->monotonic_ns = clock_ns(CLOCK_MONOTONIC);
	run->idle_wait_ns = IDLE_WAIT_NS;
	run->ppid = (uint32_t)getpid();
	for (i = 0; i < PLAN_STREAMS; i++)
		run->streams[i] = (uint8_t)streams_kind(i);
}

/* The next part of the forced decisions becomes a PLAN_PREFIX. */
static int plan_prefix(struct session *session, struct err *err)
{
	struct region *region = session->region.map;
	uint32_t room = region_plan_room(region), max = PREFIX_PART, count, bytes;
	const struct session_hooks *hooks = session->hooks;
	struct plan_decision *decisions;
	struct plan_prefix *prefix;
	bool more = false;

	if (!hooks->decisions)
		return 0;
	if (max > room / sizeof(*decisions) - 1)
		max = (uint32_t)(room / sizeof(*decisions)) - 1;
	decisions = alloc_check(malloc(max * sizeof(*decisions)));
	count = hooks->decisions(hooks->self, decisions, max, &more);
	bytes = (uint32_t)(sizeof(*prefix) + count * sizeof(*decisions));
	prefix = region_plan_reserve(region, PLAN_PREFIX, 1, PLAN_REQUIRED, bytes, err);
	if (prefix) {
		prefix->count = count;
		prefix->more = more;
		memcpy(prefix->decisions, decisions, count * sizeof(*decisions));
	}
	free(decisions);
	return prefix ? 0 : -ENOSPC;
}

int session_plan(struct session *session, struct err *err)
{
	const struct session_config *config = session->config;
	struct region *region = session->region.map;
	unsigned i;

	region_plan_begin(region);
	if (region_plan_add(region, PLAN_RUN, 1, PLAN_REQUIRED, &config->run, sizeof(config->run),
			    err) ||
	    region_plan_add(region, PLAN_STRATEGY, 1, PLAN_REQUIRED, &config->strategy,
			    sizeof(config->strategy), err) ||
	    region_plan_add(region, PLAN_ENVIRONMENT, 1, PLAN_REQUIRED, session->environment,
			    session->environment_bytes, err))
		return -ENOSPC;
	if (session->filter &&
	    region_plan_add(region, PLAN_FILTER, 1, 0, session->filter,
			    (uint32_t)(session->filter_count * sizeof(*session->filter)), err))
		return -ENOSPC;
	if (session->child_filter &&
	    region_plan_add(
		    region, PLAN_CHILD_FILTER, 1, 0, session->child_filter,
		    (uint32_t)(session->child_filter_count * sizeof(*session->child_filter)), err))
		return -ENOSPC;
	if (config->stop && region_plan_add(region, PLAN_STOP, 1, PLAN_REQUIRED, config->stop,
					    sizeof(*config->stop), err))
		return -ENOSPC;
	if (config->code_patterns_length &&
	    region_plan_add(region, PLAN_CODE_PATTERNS, 1, 0, config->code_patterns,
			    config->code_patterns_length, err))
		return -ENOSPC;
	if (config->shared_sites_count &&
	    region_plan_add(region, PLAN_SHARED_SITES, 1, 0, config->shared_sites,
			    (uint32_t)(config->shared_sites_count * sizeof(uint64_t)), err))
		return -ENOSPC;
	for (i = 0; i < config->section_count; i++) {
		const struct session_section *section = &config->sections[i];

		if (region_plan_add(region, section->type, 1, 0, section->payload, section->length,
				    err))
			return -ENOSPC;
	}
	if (plan_prefix(session, err))
		return -ENOSPC;
	region_plan_end(region);
	return 0;
}

static void note(void *self, const char *kind, const char *text)
{
	struct session *session = self;

	if (session->hooks->note)
		session->hooks->note(session->hooks->self, kind, text);
}

static void on_watchdog(void *self, const char *kind, const char *text)
{
	struct session *session = self;

	note(session, kind, text);
	if (session_elf(session)->needs_openmp)
		note(session, kind,
		     "the program uses OpenMP, whose threads wait for each other by "
		     "system calls of their own: OMP_NUM_THREADS=1 avoids that");
}

struct session *session_new(const struct session_config *config, const struct session_hooks *hooks,
			    struct err *err)
{
	struct session *session = alloc_check(calloc(1, sizeof(*session)));
	const struct watchdog_limits limits = { config->preempt_after, config->hang_after };
	bool answers = config->run.flags & (PLAN_RUN_KEEP_ANSWERS | PLAN_RUN_GIVE_ANSWERS);

	session->config = config;
	session->hooks = hooks;
	session->region.fd = -1;
	session->target = target_new(&config->target, err);
	if (!session->target || region_create(&session->region, err))
		goto failed;
	session->environment = target_environment(session->target, &session->environment_bytes);
	if (!config->no_trap && filter_build(answers ? FILTER_ANSWERS : FILTER_BLOCKING,
					     &session->filter, &session->filter_count, err))
		goto failed;
	if (!config->no_trap && (config->run.flags & PLAN_RUN_KEEP_ANSWERS) &&
	    filter_build(FILTER_CHILD, &session->child_filter, &session->child_filter_count, err))
		goto failed;
	if (session_plan(session, err))
		goto failed;
	session->watchdog = watchdog_new(session->region.map, &limits, on_watchdog, session);
	return session;

failed:
	session_free(session);
	return NULL;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	target_free(session->target);
	if (session->watchdog)
		watchdog_free(session->watchdog);
	free(session->filter);
	free(session->child_filter);
	free(session->environment);
	region_destroy(&session->region);
	free(session);
}

const struct session_config *session_config(const struct session *session)
{
	return session->config;
}

struct target *session_target(struct session *session)
{
	return session->target;
}

const struct elf_info *session_elf(const struct session *session)
{
	return target_elf(session->target);
}

struct region *session_region(struct session *session)
{
	return session->region.map;
}

bool session_addresses_fixed(const struct session *session)
{
	return !session->config->target.keep_addresses && !session->environment->personality_kept;
}

void session_kill(struct session *session)
{
	if (!session->killed)
		session->killed_at = now();
	session->killed = true;
	target_kill(session->target);
}

/* A run has reached its verdict: failures end here, the others go on to their exit. */
static void serve_run_end(struct session *session)
{
	struct region_failure failure;

	region_copy_failure(session->region.map, &failure);
	if (failure.kind == VERDICT_NONE || failure.kind == VERDICT_EXIT)
		region_mailbox_answer(session->region.map, 0, NULL, 0);
	else
		session_kill(session);
}

static void serve_mailbox(struct session *session)
{
	struct region *region = session->region.map;
	const struct session_hooks *hooks = session->hooks;
	struct region_mailbox request;
	struct err err;
	double start;
	int32_t answer = 0;

	if (session->killed || !region_mailbox_take(region, &request))
		return;
	switch (request.type) {
	case MAILBOX_RUN_END:
		serve_run_end(session);
		return;
	case MAILBOX_PLAN_REQUEST:
		answer = session_plan(session, &err);
		break;
	case MAILBOX_HELLO:
		break;
	default:
		start = now();
		if (hooks->mailbox)
			answer = hooks->mailbox(hooks->self, session, &request);
		session->paused += now() - start;
		watchdog_reset(session->watchdog);
	}
	region_mailbox_answer(region, answer, NULL, 0);
}

static void check_limits(struct session *session, struct session_result *result)
{
	const struct session_config *config = session->config;

	if (session->killed)
		return;
	if (config->interrupted && config->interrupted(config->interrupted_self)) {
		result->interrupted = SIGINT;
		session_kill(session);
	} else if (config->time_limit > 0 &&
		   now() - session->started - session->paused > config->time_limit) {
		result->time_limit = true;
		session_kill(session);
	} else if (config->used_limit > 0 &&
		   now() - session->started - session->paused > config->used_limit &&
		   watchdog_used(session->watchdog, target_pid(session->target)) >
			   config->used_limit) {
		result->time_limit = true;
		session_kill(session);
	} else if (!config->signals_elsewhere && (interrupts > 1 || termination)) {
		result->interrupted = termination ? termination : SIGINT;
		session_kill(session);
	}
}

static void check_progress(struct session *session, const struct drain *drain,
			   const struct target_report *report, struct session_result *result)
{
	enum boot_code boot = region_boot(session->region.map, NULL, 0);
	uint32_t lane;

	session->booted |= boot == BOOT_OK;
	if (session->killed || report->ended)
		return;
	if (boot != BOOT_NONE && boot != BOOT_OK && !session->booted) {
		session_kill(session);
		return;
	}
	switch (watchdog_look(session->watchdog, target_pid(session->target), drain, &lane)) {
	case WATCHDOG_NOTHING:
		return;
	case WATCHDOG_LOST:
		result->failure.kind = VERDICT_LOST_THREAD;
		result->failure.lane = lane;
		break;
	case WATCHDOG_HANG:
		result->time_limit = true;
		break;
	}
	session_kill(session);
}

/* Turns until the target and all below it are gone. Returns 0 or the drain's first error. */
static int run_loop(struct session *session, struct drain *drain, struct session_result *result,
		    struct target_report *report, struct err *err)
{
	const struct session_hooks *hooks = session->hooks;
	int failed = 0, records;

	for (;;) {
		bool gone = target_poll(session->target, report);

		/* After the look at the target: what it wrote before its end is then all there. */
		records = failed ? 0 : drain_step(drain, err);
		if (records < 0) {
			failed = records;
			session_kill(session);
		}
		if (gone && records <= 0 && !failed)
			failed = drain_outlet(drain, err);
		if (gone && records <= 0)
			return failed < 0 ? failed : 0;
		/* With all that it wrote behind us: writing that down may take longer. */
		if (!gone && records <= 0 && session->killed &&
		    now() - session->killed_at > CLEAN_SECONDS) {
			note(session, "guardian", "a process of the target could not be killed");
			return failed;
		}
		serve_mailbox(session);
		check_limits(session, result);
		check_progress(session, drain, report, result);
		if (hooks->tick)
			hooks->tick(hooks->self, session);
		if (records <= 0)
			drain_wait(drain, IDLE_MS);
	}
}

/* The verdict: what the runtime or the watchdog said, else what waitpid(2) says. */
static void judge(struct session *session, const struct target_report *report,
		  struct session_result *result)
{
	struct region_failure *failure = &result->failure;
	uint32_t lost = failure->kind == VERDICT_LOST_THREAD ? failure->lane : 0;
	int status = report->wait_status;

	region_copy_failure(session->region.map, failure);
	if (lost && failure->kind == VERDICT_NONE) {
		failure->kind = VERDICT_LOST_THREAD;
		failure->lane = lost;
	}
	result->wait_status = report->ended ? status : -1;
	result->verdict = failure->kind;
	result->status = failure->status;
	if (failure->kind != VERDICT_NONE && failure->kind != VERDICT_EXIT &&
	    failure->kind != VERDICT_SIGNAL)
		return;
	if (!report->ended)
		return;
	result->verdict = WIFSIGNALED(status) ? VERDICT_SIGNAL : VERDICT_EXIT;
	result->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	/* Ctrl-C ended the program: not a failure of its own. */
	if (!session->config->signals_elsewhere && interrupts &&
	    result->verdict == VERDICT_SIGNAL && result->status == SIGINT)
		result->interrupted = SIGINT;
}

/* `damaged`: the target wrote over the region, and nothing that it holds is worth telling. */
static void collect(struct session *session, const struct drain *drain, bool damaged,
		    struct session_result *result)
{
	const struct region *region = session->region.map;
	unsigned n = damaged ? 0 : region_processes(region), i;

	result->boot = region_boot(region, result->boot_detail, sizeof(result->boot_detail));
	if (session->booted)
		result->boot = BOOT_OK;
	result->events = drain_events(drain);
	result->decisions = drain_decisions(drain);
	result->foreign_calls = damaged ? 0 : region->foreign_calls;
	for (i = 0; i < n; i++) {
		struct region_process process;

		region_copy_process(region, i, &process);
		result->switches += process.switches;
		result->virtual_ns = process.virtual_ns;
		/* Each exec starts its hashes anew: chain them. */
		result->order_hash = i ? hash_mix(result->order_hash, process.order_hash)
				       : process.order_hash;
		result->hb_hash = i ? hash_mix(result->hb_hash, process.hb_hash) : process.hb_hash;
	}
	if (!damaged)
		memcpy(result->trapped, region->trapped, sizeof(result->trapped));
	if (damaged)
		memset(&result->failure, 0, sizeof(result->failure));
	else
		result->stderr_length = region_copy_stderr(region, result->stderr_tail);
	result->seconds = now() - session->started - session->paused;
}

/*
 * SIGXFSZ and SIGPIPE: a trace that cannot grow and a reader that has gone away are errors, not our
 * death.
 */
static const int handled[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXFSZ, SIGPIPE };
#define HANDLED (sizeof(handled) / sizeof(*handled))
#define HANDLED_BY_US 3u /* so many of them, from the first; the others are ignored */

int session_start(struct session *session, const sigset_t *mask, struct err *err)
{
	session->started = now();
	return target_start(session->target, &session->region, mask, err);
}

/* Ours from here on. A signal that was ignored stays ignored (nohup(1)). */
static void take_signals(struct sigaction before[HANDLED])
{
	struct sigaction action = { .sa_handler = on_signal };
	size_t i;

	interrupts = 0;
	termination = 0;
	for (i = 0; i < HANDLED; i++) {
		action.sa_handler = i < HANDLED_BY_US ? on_signal : SIG_IGN;
		sigaction(handled[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			sigaction(handled[i], &action, NULL);
	}
}

static void give_signals_back(const struct sigaction before[HANDLED])
{
	size_t i;

	for (i = 0; i < HANDLED; i++)
		sigaction(handled[i], &before[i], NULL);
}

int session_run(struct session *session, const struct drain_sink *sink, void *self,
		struct session_result *result, struct err *err)
{
	struct target_report report = { 0 };
	struct sigaction before[HANDLED];
	bool ours = !session->config->signals_elsewhere;
	sigset_t block, mask;
	struct drain *drain;
	size_t i;
	int rc;

	memset(result, 0, sizeof(*result));
	result->wait_status = -1;
	/*
	 * The target is to have the dispositions as they are: nothing may reach us until it has
	 * them.
	 */
	sigemptyset(&block);
	for (i = 0; i < HANDLED && ours; i++)
		sigaddset(&block, handled[i]);
	pthread_sigmask(SIG_BLOCK, &block, &mask);
	rc = session_start(session, &mask, err);
	if (rc) {
		pthread_sigmask(SIG_SETMASK, &mask, NULL);
		return rc;
	}
	if (ours)
		take_signals(before);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);

	drain = drain_new(session->region.map, sink, self);
	rc = run_loop(session, drain, result, &report, err);
	judge(session, &report, result);
	collect(session, drain, rc == -DRAIN_ERR_CORRUPT, result);
	result->orphans = session->killed ? 0 : report.orphans;
	drain_free(drain);
	if (ours)
		give_signals_back(before);
	return rc;
}
