/*
 * Carrying out schedules, see worker.h.
 */
#include "fuzz/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "recorder/alloc.h"

#define RESTARTS 3 /* of a server that its runs kill; then each run is a program */

struct worker {
	const struct worker_config *config;
	unsigned index;
	struct session_config session_config;
	struct session_section sections[3];
	struct plan_prefix *loose; /* the section */
	struct session_hooks hooks;
	struct session *session;
	struct server *server; /* NULL: each run is a whole program */
	struct run_log *log;
	const struct schedule *schedule;
	uint32_t served; /* forced decisions given out */
	int input, output, errors;
	off_t booted_output, booted_errors; /* what was written before the fork point stays */
	char *const *envp;
	const char *directory;
	unsigned restarts;
	uint32_t learned;          /* places that the target's table had when it was read last */
	struct shared_sites sites; /* as the present run was given them */
	char reason[256];          /* why runs are programs, "" when they are not */
};

static const char *const unfit_sentences[UNFIT_COUNT] = {
#define UNFIT(symbol, sentence) [UNFIT_##symbol] = sentence,
#include "formats/unfit.def"
#undef UNFIT
};

/* The next part of the forced decisions, for session_plan(). */
static uint32_t next_decisions(void *self, struct plan_decision *out, uint32_t max, bool *more)
{
	struct worker *worker = self;
	const struct schedule *schedule = worker->schedule;
	uint32_t left = schedule ? schedule->forced_count - worker->served : 0;
	uint32_t n = left < max ? left : max;

	if (n)
		memcpy(out, schedule->forced + worker->served, n * sizeof(*out));
	worker->served += n;
	*more = left > n;
	return n;
}

static int32_t on_mailbox(void *self, struct session *session, const struct region_mailbox *request)
{
	(void)self;
	(void)session;
	(void)request;
	return 0;
}

static int capture(struct err *err)
{
	int fd = memfd_create("frontrun-output", MFD_CLOEXEC);

	if (fd < 0)
		err_set(err, errno, "cannot capture the output of the program: %s",
			strerror(errno));
	return fd;
}

/* Standard input is read at an offset: each worker needs one of its own. */
static int own_input(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

struct worker *worker_new(const struct worker_config *config, unsigned index, struct err *err)
{
	struct worker *worker = alloc_check(calloc(1, sizeof(*worker)));

	worker->config = config;
	worker->index = index;
	worker->log = run_log_new();
	worker->input = own_input(config->input);
	worker->output = capture(err);
	worker->errors = worker->output < 0 ? -1 : capture(err);
	worker->hooks = (struct session_hooks){
		.self = worker,
		.decisions = next_decisions,
		.mailbox = on_mailbox,
	};
	if (worker->errors >= 0)
		return worker;
	worker_free(worker);
	return NULL;
}

static void stop(struct worker *worker)
{
	server_free(worker->server);
	session_free(worker->session);
	worker->learned = 0;
	worker->server = NULL;
	worker->session = NULL;
}

void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	stop(worker);
	run_log_free(worker->log);
	free(worker->loose);
	shared_sites_fini(&worker->sites);
	if (worker->input >= 0)
		close(worker->input);
	if (worker->output >= 0)
		close(worker->output);
	if (worker->errors >= 0)
		close(worker->errors);
	free(worker);
}

const char *worker_exec_reason(const struct worker *worker)
{
	return *worker->reason ? worker->reason : NULL;
}

const struct run_log *worker_log(const struct worker *worker)
{
	return worker->log;
}

static void cut(int fd, off_t size)
{
	if (ftruncate(fd, size) == 0)
		lseek(fd, size, SEEK_SET);
}

/*
 * The standard streams as each run has them: the input at its beginning (what was read before the
 * fork point is put back by the server), the output as it was at the fork point.
 */
static void rewind_streams(struct worker *worker)
{
	cut(worker->output, worker->server ? worker->booted_output : 0);
	cut(worker->errors, worker->server ? worker->booted_errors : 0);
	lseek(worker->input, 0, SEEK_SET);
}

static struct session_section loose_section(struct worker *worker, const struct schedule *schedule)
{
	size_t bytes = schedule->loose_count * sizeof(*schedule->loose);

	free(worker->loose);
	worker->loose = alloc_check(calloc(1, sizeof(*worker->loose) + bytes));
	worker->loose->count = schedule->loose_count;
	memcpy(worker->loose->decisions, schedule->loose, bytes);
	return (struct session_section){ PLAN_LOOSE, worker->loose,
					 (uint32_t)(sizeof(*worker->loose) + bytes) };
}

struct shared_sites worker_sites(const struct worker_config *config)
{
	struct shared_sites copy = { 0 };

	pthread_mutex_lock(config->sites_lock);
	shared_sites_add(&copy, config->sites->hashes, config->sites->count);
	pthread_mutex_unlock(config->sites_lock);
	return copy;
}

/* What the last run has learned. */
static void learn_sites(struct worker *worker)
{
	const struct region *region = session_region(worker->session);

	if (region->sites.shared == worker->learned)
		return;
	worker->learned = region->sites.shared;
	pthread_mutex_lock(worker->config->sites_lock);
	shared_sites_learn(worker->config->sites, region);
	pthread_mutex_unlock(worker->config->sites_lock);
}

/* ... for the next one, and what other workers have. */
static void use_sites(struct worker *worker)
{
	shared_sites_fini(&worker->sites);
	worker->sites = worker_sites(worker->config);
	worker->session_config.shared_sites = worker->sites.hashes;
	worker->session_config.shared_sites_count = worker->sites.count;
}

/* The plan of the next run. */
static void set_plan(struct worker *worker, const struct schedule *schedule, uint32_t served,
		     uint32_t flags)
{
	struct session_config *config = &worker->session_config;
	unsigned n = 0;

	worker->schedule = schedule;
	worker->served = served;
	use_sites(worker);
	config->run.flags = (worker->config->session.run.flags &
			     ~(uint32_t)(PLAN_RUN_VALUES | PLAN_RUN_LIBRARY_LOCKS)) |
			    flags;
	if (schedule && schedule->library)
		config->run.flags |= PLAN_RUN_LIBRARY_LOCKS;
	if (schedule && schedule->any_access)
		config->run.flags |= PLAN_RUN_ANY_ACCESS;
	if (schedule) {
		config->strategy = schedule->tail;
		config->run.step_budget = schedule->steps;
		config->run.prefix_budget = schedule->forced_steps;
		config->used_limit = schedule->seconds > 0 ? schedule->seconds
							   : worker->config->session.used_limit;
		if (schedule->profile)
			worker->sections[n++] = (struct session_section){ PLAN_PROFILE,
									  schedule->profile,
									  schedule->profile_bytes };
		if (schedule->loose_count)
			worker->sections[n++] = loose_section(worker, schedule);
		if (schedule->private_count)
			worker->sections[n++] = (struct session_section){
				PLAN_PRIVATE_SITES, schedule->private_sites,
				(uint32_t)(schedule->private_count * sizeof(uint64_t))
			};
	}
	config->sections = worker->sections;
	config->section_count = n;
}

static void set_session(struct worker *worker)
{
	struct session_config *config = &worker->session_config;

	*config = worker->config->session;
	config->signals_elsewhere = true;
	config->interrupted = worker->config->interrupted;
	config->interrupted_self = worker->config->self;
	config->target.cpu_index = worker->index;
	if (worker->envp)
		config->target.envp = worker->envp;
	if (worker->directory)
		config->target.directory = worker->directory;
	config->target.own_group = true;
	config->target.redirect = true;
	config->target.stdio[0] = worker->input;
	config->target.stdio[1] = worker->output;
	config->target.stdio[2] = worker->errors;
}

void worker_place(struct worker *worker, char *const *envp, const char *directory)
{
	worker->envp = envp;
	worker->directory = directory;
}

int worker_stream(const struct worker *worker, int fd)
{
	return fd == STDERR_FILENO ? worker->errors : worker->output;
}

static int prepare(struct worker *worker, struct err *err)
{
	const struct worker_config *config = worker->config;

	return config->prepare ? config->prepare(config->self, worker->index, err) : 0;
}

int worker_boot(struct worker *worker, struct server_report *report, struct err *err)
{
	char detail[96];
	enum server_unfit unfit;
	int rc;

	memset(report, 0, sizeof(*report));
	set_session(worker);
	if (worker->config->exec) {
		snprintf(worker->reason, sizeof(worker->reason), "--exec");
		return 0;
	}
	rc = prepare(worker, err);
	if (rc)
		return rc;
	rewind_streams(worker);
	set_plan(worker, NULL, 0, PLAN_RUN_SERVER);
	worker->session_config.strategy = (struct plan_strategy){ .id = STRATEGY_NATURAL };
	worker->session = session_new(&worker->session_config, &worker->hooks, err);
	if (!worker->session)
		return -err->code;
	worker->server = server_new(worker->session, &run_log_sink, worker->log);
	rc = server_boot(worker->server, worker->config->boot_seconds, report, err);
	if (rc) {
		stop(worker);
		return rc;
	}
	unfit = server_unfit(worker->server, detail);
	if (unfit == UNFIT_NONE) {
		run_log_mark(worker->log);
		worker->booted_output = lseek(worker->output, 0, SEEK_CUR);
		worker->booted_errors = lseek(worker->errors, 0, SEEK_CUR);
		return worker->config->booted
			       ? worker->config->booted(worker->config->self, worker->index, err)
			       : 0;
	}
	stop(worker);
	snprintf(worker->reason, sizeof(worker->reason), "%s%s%s%s", unfit_sentences[unfit],
		 *detail ? " (" : "", detail, *detail ? ")" : "");
	return 0;
}

/* A new server, after one of its runs has killed the last one. */
static int restart(struct worker *worker, struct err *err)
{
	struct server_report report;

	stop(worker);
	run_log_free(worker->log);
	worker->log = run_log_new();
	if (++worker->restarts > RESTARTS) {
		snprintf(worker->reason, sizeof(worker->reason),
			 "the runs kill the process that they are forked from");
		return 0;
	}
	return worker_boot(worker, &report, err);
}

static void fill(struct server_report *report, const struct session_result *result)
{
	memset(report, 0, sizeof(*report));
	report->verdict = result->verdict;
	report->status = result->status;
	report->wait_status = result->wait_status;
	report->boot = result->boot;
	memcpy(report->boot_detail, result->boot_detail, sizeof(report->boot_detail));
	report->time_limit = result->time_limit;
	report->lost = result->verdict == VERDICT_LOST_THREAD;
	report->killed = result->orphans;
	report->events = result->events;
	report->decisions = result->decisions;
	report->switches = result->switches;
	report->order_hash = result->order_hash;
	report->hb_hash = result->hb_hash;
	report->virtual_ns = result->virtual_ns;
	report->seconds = result->seconds;
	report->failure = result->failure;
}

/* Threads beside each other: of the images of an exec the one that had most. */
static uint32_t threads(const struct run_log *log)
{
	uint32_t most = 0, n = 0;
	size_t i;

	for (i = 1; i < log->lane_count; i++) {
		if (!log->lanes[i].id)
			continue;
		n = log->lanes[i].parent ? n + 1 : 1;
		if (n > most)
			most = n;
	}
	return most;
}

/* The whole program. */
static int run_program(struct worker *worker, const struct schedule *schedule,
		       struct server_report *report, struct err *err)
{
	struct session_result *result;
	int rc;

	run_log_free(worker->log);
	worker->log = run_log_new();
	worker->log->library = schedule->library;
	set_plan(worker, schedule, 0, PLAN_RUN_EXPLORE);
	worker->session = session_new(&worker->session_config, &worker->hooks, err);
	if (!worker->session)
		return -err->code;
	result = alloc_check(malloc(sizeof(*result)));
	rc = session_run(worker->session, &run_log_sink, worker->log, result, err);
	learn_sites(worker);
	fill(report, result);
	report->lanes = threads(worker->log);
	free(result);
	stop(worker);
	return rc;
}

int worker_run(struct worker *worker, const struct schedule *schedule, struct server_report *report,
	       struct err *err)
{
	int rc = prepare(worker, err);

	if (rc)
		return rc;
	rewind_streams(worker);
	if (!worker->server)
		return run_program(worker, schedule, report, err);
	run_log_rewind(worker->log);
	worker->log->library = schedule->library;
	set_plan(worker, schedule,
		 schedule->forced_count < worker->log->mark.decision
			 ? schedule->forced_count
			 : (uint32_t)worker->log->mark.decision,
		 PLAN_RUN_EXPLORE);
	rc = server_run(worker->server, report, err);
	learn_sites(worker);
	if (rc != -SERVER_ERR_LOST)
		return rc;
	rc = restart(worker, err);
	return rc ? rc : worker_run(worker, schedule, report, err);
}

size_t worker_output(const struct worker *worker, int fd, char *bytes, size_t size)
{
	int from = worker_stream(worker, fd);
	struct stat status;
	off_t start = 0;
	ssize_t n;

	if (fstat(from, &status))
		return 0;
	if ((size_t)status.st_size > size)
		start = status.st_size - (off_t)size;
	n = pread(from, bytes, size, start);
	return n > 0 ? (size_t)n : 0;
}

uint64_t worker_output_hash(const struct worker *worker, int fd)
{
	int from = worker_stream(worker, fd);
	XXH3_state_t *state = alloc_check(XXH3_createState());
	char bytes[16384];
	off_t at = 0;
	uint64_t hash;
	ssize_t n;

	XXH3_64bits_reset(state);
	while ((n = pread(from, bytes, sizeof(bytes), at)) > 0) {
		XXH3_64bits_update(state, bytes, (size_t)n);
		at += n;
	}
	hash = XXH3_64bits_digest(state);
	XXH3_freeState(state);
	return hash;
}
