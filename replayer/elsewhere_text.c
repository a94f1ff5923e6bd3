/*
 * Words about replays under another interpreter.
 */
#include "replayer/elsewhere_text.h"

#include "formats/json_out.h"
#include "recorder/outcome.h"
#include "recorder/text.h"
#include "replayer/replay_text.h"

void elsewhere_text_begin(const char *recorded, const char *now, FILE *out)
{
	fprintf(out,
		"frontrun: recorded under Python %s, and this is %s%s: decisions are taken where "
		"the same function comes to the same line, with files, network and clock as they "
		"are now\n",
		recorded, *now ? "Python " : "another program", now);
}

void elsewhere_text_print(const struct elsewhere_report *report, FILE *out)
{
	char space[1024];
	struct text text;

	if (report->result.interrupted) {
		fprintf(out, "frontrun: replay interrupted\n");
		return;
	}
	text_init(&text, space, sizeof(space));
	text_add(&text, *report->missing ? "diverged; " : "replayed in the recorded order, ");
	text_add_count(&text, report->forced);
	text_add(&text, report->forced == 1 ? " decision carried over in "
					    : " decisions carried over in ");
	text_add_count(&text, report->runs);
	text_add(&text, report->runs == 1 ? " run; " : " runs; ");
	replay_text_ending(&text, &report->result);
	fprintf(out, "frontrun: %s\n", text.data);
	if (*report->missing)
		fprintf(out, "frontrun:   %s\n", report->missing);
	if (report->untold) {
		text_reset(&text);
		text_add_clean(&text, report->untold);
		fprintf(out, "frontrun: a search found then that %s: that is not looked at here\n",
			text.data);
	}
	if (report->story)
		text_print_lines(out, "frontrun: ", report->story);
}

void elsewhere_text_json(const struct trace_file *file, const struct elsewhere_report *report,
			 uint64_t runs, uint64_t same, int exit_status, FILE *file_out)
{
	struct json_out out;

	json_out_init(&out);
	json_object_begin(&out);
	json_key(&out, "schema");
	json_int(&out, 1);
	json_key(&out, "command");
	json_string(&out, "replay");
	json_key(&out, "trace");
	json_string(&out, file->path);
	json_key(&out, "exit_status");
	json_int(&out, exit_status);
	json_key(&out, "runs");
	json_uint(&out, runs);
	json_key(&out, "same");
	json_uint(&out, same);
	json_key(&out, "identical");
	json_bool(&out, false);
	json_key(&out, "verdict");
	json_string(&out, outcome_word(report->result.verdict));
	json_key(&out, "status");
	json_int(&out, report->result.status);
	json_key(&out, "recorded");
	json_string(&out, report->recorded);
	json_key(&out, "got");
	json_string(&out, report->got);
	json_key(&out, "carried_over");
	json_uint(&out, report->forced);
	json_key(&out, "searched");
	json_uint(&out, report->runs);
	json_key(&out, "missing");
	json_string(&out, *report->missing ? report->missing : NULL);
	json_object_end(&out);
	json_newline(&out);
	fwrite(out.data, 1, out.len, file_out);
	json_out_fini(&out);
}
