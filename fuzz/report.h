/*
 * What a search says when it is over: the story of each finding, the honest sentence when there is
 * none, what was not under control and what to do about it; or all of that as one JSON object.
 */
#ifndef FUZZ_REPORT_H
#define FUZZ_REPORT_H

#include <stdio.h>

#include "fuzz/campaign.h"
#include "recorder/terminal.h"

/* The exit status that the result stands for (exit_codes.def). */
int report_status(const struct campaign_config *config, const struct campaign_result *result);

/*
 * Fills in the pattern of each finding, and prints: stories and the closing sentence on `out`,
 * warnings on `errors`. `err` is campaign_run()'s where the end is CANNOT.
 */
void report_text(const struct campaign_config *config, struct campaign_result *result,
		 const struct err *err, const struct terminal *terminal, FILE *out, FILE *errors);
void report_json(const struct campaign_config *config, struct campaign_result *result,
		 const struct err *err, FILE *out);

#endif
