/*
 * The CLI's side of the fork server, see server.h. As long as runs are short the thread that serves
 * them is on the target's CPU: a hand-over is then a switch, of a few microseconds, and no CPU has
 * to be woken for it. Long runs have records to be drained meanwhile, from another CPU.
 */
#include "recorder/server.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "formats/hash.h"
#include "recorder/alloc.h"
#include "recorder/region.h"
#include "recorder/watchdog.h"

#define WAIT_MS 10
/* A run that takes less, or more, makes the CLI join the target's CPU, or leave it. */
#define SHORT_SECONDS 0.002
#define LONG_SECONDS 0.01

/* What the fork point leaves in the region, to be put back for each run. */
struct snapshot {
	struct region_numbers numbers;
	struct region_process process[REGION_PROCESSES];
	struct region_lane lane;
};

struct server {
	struct session *session;
	struct region *region;
	struct drain *drain;
	struct watchdog *watchdog;
	struct snapshot snapshot;
	struct target_report target;
	uint64_t runs;
	uint64_t events, decisions; /* of the drain when the run began */
	uint32_t asked;             /* the question that was answered last */
	bool joined;                /* the calling thread is on the target's CPU */
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

struct server *server_new(struct session *session, const struct drain_sink *sink, void *self)
{
	struct server *server = alloc_check(calloc(1, sizeof(*server)));
	const struct watchdog_limits limits = {
		session_config(session)->preempt_after,
		session_config(session)->hang_after,
	};

	server->session = session;
	server->region = session_region(session);
	server->drain = drain_new(server->region, sink, self);
	server->watchdog = watchdog_new(server->region, &limits, NULL, NULL);
	return server;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	watchdog_free(server->watchdog);
	drain_free(server->drain);
	free(server);
}

uint64_t server_runs(const struct server *server)
{
	return server->runs;
}

static bool stands(const struct server *server)
{
	return __atomic_load_n(&server->region->server.asked, __ATOMIC_ACQUIRE) != server->asked;
}

/* Waits for the next question, for records worth reading, or for a while. */
static void wait_for_news(struct server *server)
{
	if (!stands(server))
		drain_wait(server->drain, WAIT_MS);
}

/* After a run that took so long. Where no other CPU is free the thread stays. */
static void choose_cpu(struct server *server, double seconds)
{
	bool join = server->joined ? seconds < LONG_SECONDS || session_config(server->session)->busy
				   : seconds < SHORT_SECONDS;

	if (join != server->joined)
		server->joined = target_join_cpu(session_target(server->session), join) && join;
}

/* Takes all that was written. */
static int empty(struct server *server, struct err *err)
{
	int rc;

	do
		rc = drain_step(server->drain, err);
	while (rc > 0);
	return rc;
}

static void serve_mailbox(struct server *server)
{
	struct region_mailbox request;
	struct err err;
	int32_t answer = 0;

	if (!region_mailbox_take(server->region, &request))
		return;
	if (request.type == MAILBOX_RUN_END)
		return; /* the run ends by itself */
	if (request.type == MAILBOX_PLAN_REQUEST)
		answer = session_plan(server->session, &err);
	region_mailbox_answer(server->region, answer, NULL, 0);
}

/* As long as the server has not seen its end, the pid in the region is that of the run. */
static void kill_run(struct server *server)
{
	uint32_t pid = __atomic_load_n(&server->region->server.pid, __ATOMIC_ACQUIRE);
	int fd;

	if (!pid || stands(server))
		return;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return;
	if (__atomic_load_n(&server->region->server.pid, __ATOMIC_SEQ_CST) == pid)
		syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	close(fd);
}

static bool is_interrupted(const struct server *server)
{
	const struct session_config *config = session_config(server->session);

	return config->interrupted && config->interrupted(config->interrupted_self);
}

static int lost(struct server *server, struct err *err)
{
	(void)server;
	return err_set(err, SERVER_ERR_LOST,
		       "the process from which the runs are forked was killed");
}

/* One look at what is rare while the server does not stand. */
static int look(struct server *server, double start, struct server_report *report, bool *killed,
		struct err *err)
{
	double limit = session_config(server->session)->time_limit;
	double used_limit = session_config(server->session)->used_limit;
	uint32_t pid = server->region->server.pid, lane;

	if (target_poll(session_target(server->session), &server->target))
		return lost(server, err);
	if (*killed) {
		kill_run(server);
		return 0;
	}
	if (is_interrupted(server)) {
		report->time_limit = true;
		*killed = true;
	} else if (limit > 0 && now() - start > limit) {
		report->time_limit = true;
		*killed = true;
	} else if (pid && used_limit > 0 && now() - start > used_limit &&
		   watchdog_used(server->watchdog, (pid_t)pid) > used_limit) {
		report->time_limit = true;
		*killed = true;
	} else if (pid) {
		switch (watchdog_look(server->watchdog, (pid_t)pid, server->drain, &lane)) {
		case WATCHDOG_NOTHING:
			break;
		case WATCHDOG_LOST:
			report->lost = *killed = true;
			report->failure.lane = lane;
			break;
		case WATCHDOG_HANG:
			report->time_limit = *killed = true;
			break;
		}
	}
	if (*killed)
		kill_run(server);
	return 0;
}

/* Until the server stands. */
static int wait_for_end(struct server *server, struct server_report *report, struct err *err)
{
	double start = now();
	bool killed = false;
	int rc;

	while (!stands(server)) {
		rc = empty(server, err);
		if (rc < 0)
			return rc;
		serve_mailbox(server);
		wait_for_news(server);
		if (stands(server))
			break;
		rc = look(server, start, report, &killed, err);
		if (rc < 0)
			return rc;
	}
	report->seconds = now() - start;
	choose_cpu(server, report->seconds);
	server->asked = server->region->server.asked;
	return empty(server, err) < 0 ? -err->code : 0;
}

static void fill(struct server *server, struct server_report *report)
{
	const struct region *region = server->region;
	unsigned n = region_processes(region), i;
	struct region_process process;
	uint32_t lane = report->failure.lane;

	report->events = drain_events(server->drain) - server->events;
	report->decisions = drain_decisions(server->drain) - server->decisions;
	for (i = 0; i < n; i++) {
		region_copy_process(region, i, &process);
		report->switches += process.switches;
		report->order_hash = i ? hash_mix(report->order_hash, process.order_hash)
				       : process.order_hash;
		report->hb_hash = i ? hash_mix(report->hb_hash, process.hb_hash) : process.hb_hash;
		report->virtual_ns = process.virtual_ns;
		if (process.lanes > report->lanes)
			report->lanes = process.lanes;
		report->uncontrolled += process.uncontrolled;
	}
	region_copy_failure(region, &report->failure);
	report->verdict = report->failure.kind;
	report->status = report->failure.status;
	if (report->lost && report->verdict == VERDICT_NONE) {
		report->verdict = report->failure.kind = VERDICT_LOST_THREAD;
		report->failure.lane = lane;
		return;
	}
	if (report->verdict != VERDICT_NONE && report->verdict != VERDICT_EXIT &&
	    report->verdict != VERDICT_SIGNAL)
		return;
	report->verdict = WIFSIGNALED(report->wait_status) ? VERDICT_SIGNAL : VERDICT_EXIT;
	report->status = WIFSIGNALED(report->wait_status) ? WTERMSIG(report->wait_status)
							  : WEXITSTATUS(report->wait_status);
}

int server_boot(struct server *server, double seconds, struct server_report *report,
		struct err *err)
{
	struct region *region = server->region;
	double start = now();
	sigset_t mask;
	int rc;

	memset(report, 0, sizeof(*report));
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	rc = session_start(server->session, &mask, err);
	if (rc)
		return rc;
	while (!stands(server)) {
		bool gone = target_poll(session_target(server->session), &server->target);

		rc = empty(server, err);
		if (rc < 0)
			return rc;
		report->boot =
			region_boot(region, report->boot_detail, sizeof(report->boot_detail));
		if (gone) {
			report->wait_status = server->target.ended ? server->target.wait_status : 0;
			fill(server, report);
			return report->boot == BOOT_OK
				       ? err_set(err, SERVER_ERR_ENDED,
						 "the program made no second thread")
				       : err_set(err, SERVER_ERR_BOOT, "%s", report->boot_detail);
		}
		serve_mailbox(server);
		if (region->failure.kind != VERDICT_NONE || is_interrupted(server) ||
		    now() - start > seconds)
			session_kill(server->session);
		if (is_interrupted(server))
			return err_set(err, SERVER_ERR_INTERRUPTED, "interrupted");
		if (now() - start > seconds)
			return err_set(err, SERVER_ERR_TIME,
				       "the program made no second thread within %.0f s", seconds);
		wait_for_news(server);
	}
	rc = empty(server, err);
	if (rc < 0)
		return rc;
	server->asked = region->server.asked;
	server->snapshot.numbers = region->numbers;
	memcpy(server->snapshot.process, region->process, sizeof(region->process));
	server->snapshot.lane = region->lane[0];
	/* The server's own: the thread of a run is known when it says so. */
	server->snapshot.lane.tid = 0;
	return 0;
}

enum server_unfit server_unfit(const struct server *server, char *detail)
{
	const struct region_server *shared = &server->region->server;

	memcpy(detail, shared->detail, sizeof(shared->detail));
	detail[sizeof(shared->detail) - 1] = '\0';
	return shared->unfit < UNFIT_COUNT ? (enum server_unfit)shared->unfit : UNFIT_UNKNOWN;
}

/* The region as it was at the fork point. */
static void reset(struct server *server)
{
	struct region *region = server->region;
	unsigned used = region_processes(region), i;

	region->failure.kind = VERDICT_NONE;
	memset(&region->failure, 0, offsetof(struct region_failure, frames));
	*region->failure.text = '\0';
	memset(&region->child_lock, 0, sizeof(region->child_lock));
	region->errors.written = 0;
	region->mailbox.state = 0;
	region->numbers = server->snapshot.numbers;
	for (i = 0; i < used; i++)
		region->process[i] = server->snapshot.process[i];
	for (i = 0; i < REGION_LANES && region->lane[i].number; i++)
		region->lane[i].number = 0;
	region->lane[0] = server->snapshot.lane;
}

int server_run(struct server *server, struct server_report *report, struct err *err)
{
	struct region *region = server->region;
	int rc;

	memset(report, 0, sizeof(*report));
	report->boot = BOOT_OK;
	reset(server);
	rc = session_plan(server->session, err);
	if (rc)
		return rc;
	watchdog_reset(server->watchdog);
	server->events = drain_events(server->drain);
	server->decisions = drain_decisions(server->drain);
	region->server.order = SERVER_RUN;
	__atomic_store_n(&region->server.granted, server->asked, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &region->server.granted, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
	if (!server->runs++) /* this thread may be a new one */
		target_join_cpu(session_target(server->session), false);
	rc = wait_for_end(server, report, err);
	if (rc)
		return rc;
	if (region->server.error)
		return err_set(err, region->server.error, "cannot fork the program: %s",
			       strerror(region->server.error));
	report->wait_status = region->server.wait_status;
	report->killed = region->server.killed;
	fill(server, report);
	return 0;
}
