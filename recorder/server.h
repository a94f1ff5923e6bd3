/*
 * The CLI's side of the fork server (preload/server.h): the target is started once, and stands
 * before it makes its second thread; each run is a fork of it from there. One server for a session;
 * several servers, in several threads of this process, are independent of each other.
 *
 *	config.run.flags |= PLAN_RUN_SERVER | PLAN_RUN_FLUSH;
 *	session = session_new(&config, &hooks, &err);
 *	server = server_new(session, &sink, self);
 *	rc = server_boot(server, 60, &report, &err);	up to the first thread
 *	while (rc == 0 && more) {
 *		change `config`: session_plan() is called for each run
 *		rc = server_run(server, &report, &err);
 *	}
 *	server_free(server);		nothing of the target is left running
 *
 * What the target does before the fork point goes through the sink during server_boot(), and counts
 * for each run; what a run announces (lanes, objects, contexts) is gone with it: numbers are used
 * again by the next one.
 */
#ifndef RECORDER_SERVER_H
#define RECORDER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/err.h"
#include "recorder/drain.h"
#include "recorder/session.h"

/* Codes of struct err beside errno. */
enum server_err {
	/* the target ended before it made a thread: `report` says how */
	SERVER_ERR_ENDED = ERR_MODULE + 896,
	/* the runtime did not come up: report.boot */
	SERVER_ERR_BOOT,
	/* the target did not come to its first thread in time, or was interrupted */
	SERVER_ERR_TIME,
	SERVER_ERR_INTERRUPTED,
	/* the server process itself is gone: killed by one of its runs, say */
	SERVER_ERR_LOST,
};

struct server_report {
	enum verdict_kind verdict; /* EXIT, SIGNAL, or what the runtime said */
	int status;                /* exit status, or number of the signal */
	int wait_status;           /* as of waitpid(2) */
	enum boot_code boot;
	char boot_detail[256];
	bool time_limit; /* killed by config.time_limit, used_limit or hang_after */
	bool lost;       /* the thread that had the turn vanished, killed */
	unsigned killed; /* processes that outlived the run */
	uint64_t events, decisions, switches;
	uint64_t order_hash, hb_hash;
	int64_t virtual_ns;
	double seconds;
	uint32_t lanes;
	uint32_t uncontrolled;
	struct region_failure failure; /* checked copy */
};

struct server;

/* `session` and `sink` (with `self`) must outlive the server. */
struct server *server_new(struct session *session, const struct drain_sink *sink, void *self);
void server_free(struct server *server);

/*
 * Starts the target, and blocks until it stands at the fork point: 0. Else -code with `err`, and
 * the target has ended; `report` is filled for SERVER_ERR_ENDED and SERVER_ERR_BOOT. `seconds`: so
 * long it may take.
 */
int server_boot(struct server *server, double seconds, struct server_report *report,
		struct err *err);

/* After boot: why forks are not faithful; UNFIT_NONE: they are. `detail` holds 96 bytes. */
enum server_unfit server_unfit(const struct server *server, char *detail);

/*
 * One run, by the plan as session_plan() writes it now. Blocks until it has ended. 0, however it
 * ended; else -code with `err`: after that the server is of no use. `report` is filled.
 */
int server_run(struct server *server, struct server_report *report, struct err *err);

/* Runs so far. */
uint64_t server_runs(const struct server *server);

#endif
