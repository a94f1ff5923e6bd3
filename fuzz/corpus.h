/*
 * The corpus of a program: schedules that failed, and such that showed something new, kept between
 * campaigns. One file of JSON lines for each command in a directory:
 *
 *	{"corpus":1,"argv":["./bank","4"]}
 *	{"failure":"0123456789abcdef","decisions":[[kind,lane,k,choice],...]}
 *	{"schedule":"0123456789abcdef","decisions":[...]}
 *	{"shared_sites":["0123456789abcdef",...]}	accesses of native code there are points
 *
 * Lines that make no sense are passed over: what is read is only tried, never believed.
 */
#ifndef FUZZ_CORPUS_H
#define FUZZ_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/err.h"
#include "formats/plan.h"
#include "recorder/shared_sites.h"

struct corpus;

/*
 * `directory` NULL: nothing is read or kept. It is made when it is not there. NULL with `err`: it
 * cannot be read or written, or the file in it belongs to another command.
 */
struct corpus *corpus_open(const char *directory, char *const *argv, struct err *err);
void corpus_close(struct corpus *corpus);

/* What was read: failures first, then the newest. */
size_t corpus_count(const struct corpus *corpus);
const struct plan_decision *corpus_get(const struct corpus *corpus, size_t i, uint32_t *count);

/* The places that the schedules need, and those that more runs have shown. Written at once. */
const struct shared_sites *corpus_sites(const struct corpus *corpus);
void corpus_add_sites(struct corpus *corpus, const struct shared_sites *sites);

/* Adds a schedule, unless one of this hash is there. Written at once. */
void corpus_add(struct corpus *corpus, bool failure, uint64_t hash,
		const struct plan_decision *decisions, uint32_t count);

#endif
