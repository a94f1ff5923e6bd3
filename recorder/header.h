/*
 * The header of a trace, both ways: what a recording writes about the program, the machine and the
 * plan, and what a replay takes out of it again. A trace is attached to public bug reports: of the
 * environment only the variables of an allow-list are in it, and the names of the others where a
 * replay is to see nothing of the machine.
 *
 *	{"version":"0.1.0","command":"record","argv":[...],"cwd":"/home/me",
 *	 "environment":{"PATH":...},"environment_names":["EDITOR",...],	names of the others
 *	 "program":{"path","size","hash","scripts":[{"interpreter","argument"}],
 *	            "elf":{"path","hash","build_id"}},
 *	 "system":{"kernel","libc","cpu","cpus"},"umask":"022","limits":{"nofile":N,"stack":N},
 *	 "streams":["terminal","pipe","file"],		what descriptors 0, 1 and 2 look like
 *	 "started":"2026-01-31T12:00:00Z","origin":"16 hex digits",
 *	 "strategy":{"name","seed","slice","parameters":[...]},
 *	 "plan":{"flags":["virtual_time",...],"cpus","random_seed","realtime_ns","monotonic_ns",
 *	         "idle_wait_ns","step_budget","pid","ppid"},
 *	 "shared_sites":["16 hex digits",...],	accesses there are points (instrumented code)
 *	 "trap":true,"addresses_fixed":true,
 *	 "sandbox":{"scratch":false}}	of a search: an empty TMPDIR, a copy of the directory
 *
 * Hashes are xxh3-64, 16 hex digits; limits -1: none. Members are found by fields.h.
 */
#ifndef RECORDER_HEADER_H
#define RECORDER_HEADER_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "formats/err.h"
#include "formats/plan.h"
#include "recorder/guardian.h"
#include "recorder/session.h"
#include "recorder/shared_sites.h"

#define HEADER_VERSION "0.1.0" /* of frontrun */

/*
 * The header's members for a run of `session`. `extra` are `extras` further names of environment
 * variables. The caller deletes it. Never NULL.
 */
cJSON *header_new(struct session *session, const char *command, const char *const *extra,
		  unsigned extras);

/* Name of a strategy ("natural"), NULL when out of range; and back, -1 when there is none. */
const char *header_strategy_name(unsigned id);
int header_strategy_by_name(const char *name);

/*
 * Fills what a replay has to repeat from a header. -EINVAL with `err` when something is missing or
 * makes no sense.
 */
int header_plan(const cJSON *header, struct plan_run *run, struct plan_strategy *strategy,
		struct err *err);

/*
 * Which interpreted code is watched (PLAN_CODE_PATTERNS): `*length` bytes, malloc'ed; NULL: not
 * said.
 */
#define HEADER_PATTERN_MAX 1024u
#define HEADER_PATTERNS_MAX 65536u
char *header_patterns(const cJSON *header, uint32_t *length);

/* Which places of native code touch shared memory (PLAN_SHARED_SITES): adds them. */
void header_shared_sites(const cJSON *header, struct shared_sites *sites);

/*
 * A NULL-terminated argv, to be freed with header_free_words(); NULL with `err` set when there is
 * none.
 */
char **header_argv(const cJSON *header, struct err *err);

/*
 * All that came in is in the trace (plan flag "keep_answers"): a replay needs nothing of the
 * machine, and can be confined.
 */
bool header_is_hermetic(const cJSON *header);

/* umask and limits as they were recorded; what the header does not say stays as it is. */
void header_inherited(const cJSON *header, struct target_inherited *inherited);

/*
 * The present environment with the variables of the header put to what they were: those of the
 * allow-list that the header does not have are left out. NULL-terminated, to be freed with
 * header_free_words().
 */
char **header_environment(const cJSON *header);
/*
 * The environment of a hermetic replay, nothing of this one: the variables of the header, and those
 * that it names only. They have the present value in a trace of ours, else none ("").
 */
char **header_environment_recorded(const cJSON *header);
void header_free_words(char **words);

/* The trace was recorded by this user on this machine. */
bool header_is_ours(const cJSON *header);

/*
 * How `elf` differs from the program that the header describes, for a warning: one sentence, ""
 * when it does not. `text` holds `size` bytes.
 */
void header_compare_program(const cJSON *header, const struct elf_info *elf, char *text,
			    size_t size);

#endif
