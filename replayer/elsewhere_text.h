/*
 * What a replay under another interpreter says of itself, for people and for programs.
 */
#ifndef REPLAYER_ELSEWHERE_TEXT_H
#define REPLAYER_ELSEWHERE_TEXT_H

#include <stdio.h>

#include "replayer/elsewhere.h"

/* Before it: `recorded` and `now` as of interpreter.h. */
void elsewhere_text_begin(const char *recorded, const char *now, FILE *out);

/* After a run. */
void elsewhere_text_print(const struct elsewhere_report *report, FILE *out);

/* One JSON object; `exit_status` is that of the command, of `runs` runs `same` failed alike. */
void elsewhere_text_json(const struct trace_file *file, const struct elsewhere_report *report,
			 uint64_t runs, uint64_t same, int exit_status, FILE *file_out);

#endif
