/*
 * Carries out schedules one after the other: by a fork server, or, where the target is not fit for
 * one or with `exec`, by starting the whole program for each. Its standard output and error are
 * captured, its standard input is given to each run in full.
 *
 *	worker = worker_new(&config, 0, &err);
 *	rc = worker_boot(worker, &report, &err);
 *	...
 *	rc = worker_run(worker, &schedule, &report, &err);	worker_log(worker) holds what it did
 *	worker_free(worker);
 *
 * One thread at a time for each worker. A worker whose server was lost starts a new one by itself.
 */
#ifndef FUZZ_WORKER_H
#define FUZZ_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/err.h"
#include "fuzz/run_log.h"
#include "fuzz/schedule.h"
#include "recorder/server.h"
#include "recorder/session.h"
#include "recorder/shared_sites.h"

struct worker_config {
	struct session_config session; /* target, run parameters, limits: the same for all runs */
	bool exec;                     /* never fork */
	struct shared_sites *sites;    /* what the workers have learned; the campaign's */
	pthread_mutex_t *sites_lock;   /* ... and its */
	int input;                     /* file for standard input, opened again for each worker */
	double boot_seconds;           /* the target may take so long to its first thread */
	/* Called before each run, the first included: 0, or -code with `err`. May be NULL. */
	int (*prepare)(void *self, unsigned worker, struct err *err);
	/* The target stands at its fork point; the same. */
	int (*booted)(void *self, unsigned worker, struct err *err);
	bool (*interrupted)(void *self);
	void *self;
};

struct worker;

/* A copy of what all workers have learned; to be ended with shared_sites_fini(). */
struct shared_sites worker_sites(const struct worker_config *config);

/* `config` must outlive the worker. `index` is its number from 0. NULL with `err` set. */
struct worker *worker_new(const struct worker_config *config, unsigned index, struct err *err);
void worker_free(struct worker *worker);

/* Environment and working directory of the target, before boot. NULL: as in the configuration. */
void worker_place(struct worker *worker, char *const *envp, const char *directory);

/*
 * Brings the target to its fork point. 0, or -code with `err`: as of server.h and target.h; for
 * SERVER_ERR_ENDED `report` says how the target ended.
 */
int worker_boot(struct worker *worker, struct server_report *report, struct err *err);

/* Why each run is a whole program; NULL: runs are forks. */
const char *worker_exec_reason(const struct worker *worker);

/* One run. 0, however it ended, or -code with `err`: no more runs are possible. */
int worker_run(struct worker *worker, const struct schedule *schedule, struct server_report *report,
	       struct err *err);

/* Of the last run. */
const struct run_log *worker_log(const struct worker *worker);

/* The file that holds standard output (1) or error (2) of the last run. */
int worker_stream(const struct worker *worker, int fd);

/*
 * What the last run wrote to standard output (1) or error (2): at most `size` of the last bytes;
 * returns how many. worker_output_hash() is over all of it and its length.
 */
size_t worker_output(const struct worker *worker, int fd, char *bytes, size_t size);
uint64_t worker_output_hash(const struct worker *worker, int fd);

#endif
