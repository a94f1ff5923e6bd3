/*
 * Is a run a failure, and which one? Two failures are the same when their fingerprints are: kind,
 * place and message, without what changes from run to run (addresses, numbers of processes). Of a
 * Python program: the type of the exception that ended it or one of its threads, and its place.
 */
#ifndef FUZZ_VERDICT_H
#define FUZZ_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/worker.h"
#include "recorder/server.h"

enum failure_kind {
	FAILURE_NONE,
#define FAILURE(symbol, word) FAILURE_##symbol,
#include "fuzz/failure.def"
#undef FAILURE
	FAILURE_KINDS
};

struct verdict {
	enum failure_kind kind;
	uint64_t fingerprint; /* 0 when it is no failure */
	char message[200];    /* clean, one line: what the program said, or "" */
	int status;           /* EXIT, SIGNAL, CHECK */
};

struct verdict_rules {
	int expected_status; /* of a run that passes, as 0 does */
	bool same_output;    /* output must be that of the first run */
	uint64_t output;     /* hash of the first run's */
	const char *race;    /* a data race of this run that is a failure, in words; NULL: none */
	int check_status;    /* of --check after this run; 0: passed, or none */
};

void verdict_judge(const struct verdict_rules *rules, const struct worker *worker,
		   const struct server_report *report, struct verdict *verdict);

/* The word of failure.def, "none". */
const char *verdict_word(enum failure_kind kind);

/* "exit status 1", "deadlock", "signal 11 (SIGSEGV)". */
void verdict_describe(const struct verdict *verdict, char *text, size_t size);

#endif
