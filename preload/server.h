/*
 * The fork server: the target runs once, alone, up to where it would make its second lane; each
 * schedule is a fork of it from there. The CLI's side is recorder/server.h, the protocol struct
 * region_server.
 */
#ifndef PRELOAD_SERVER_H
#define PRELOAD_SERVER_H

#include <stdbool.h>

#include "preload/lane.h"

/*
 * Before the second lane is made, with the turn and `me` the only lane. Writes out what stdio holds
 * back (PLAN_RUN_FLUSH: else each fork would print it again), and with PLAN_RUN_SERVER serves runs:
 * then it returns in the process of a run, as often as the CLI wants one. At once when the plan
 * asks for neither.
 */
void server_fork_point(struct lane *me);

/* This process is a run of the server: it may end as soon as its verdict is written. */
bool server_is_run(void);

/* In the process of a run: ends it at once, its verdict is written. Returns elsewhere. */
void server_end_run(void);

#endif
